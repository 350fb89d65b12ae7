/* Proves: T24 */
#include <stdlib.h>
#include <string.h>

#include "api/http/uri.h"
#include "tests/unit/cmocka_all.h"

static void test_plain_targets_come_out_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *path;
    } rows[] = {
        {"/", "/"},
        {"/api/me", "/api/me"},
        {"/api/me?", "/api/me"},
        {"/a%20b", "/a b"},
        {"/%C3%A9", "/\xc3\xa9"},
        {"/a/b/", "/a/b/"},
        {"/...", "/..."},
        {"/.hidden", "/.hidden"},
        {"/a+b", "/a+b"},
        {"/a:b@c;d=e", "/a:b@c;d=e"},
        {"/%25", "/%"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(uri) struct uri uri = {0};
        struct error err = {0};
        if (!uri_parse(rows[i].raw, &uri, &err))
            fail_msg("%s: %s", rows[i].raw, err.text);
        assert_string_equal(uri.path, rows[i].path);
    }
}

static void test_what_could_mean_two_things_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "x",
        "*",
        "http://a/",
        "//",
        "/a//b",
        "/..",
        "/../a",
        "/a/..",
        "/a/../b",
        "/.",
        "/./a",
        "/a/.",
        "/%2e",
        "/a%2eb",
        "/%2E%2e",
        "/a%2fb",
        "/a%5Cb",
        "/a\\b",
        "/%00",
        "/a%00b",
        "/%0a",
        "/%1f",
        "/%7f",
        "/%",
        "/%a",
        "/%g0",
        "/%0g",
        "/a b",
        "/a\tb",
        "/a\x01",
        "/a\x7f",
        "/\xc3\xa9",
        "/#a",
        "/%ff",
        "/%c0%80",
        "/%ed%a0%80",
        "/%f5%80%80%80",
        "/%e2%82",
        "/?%00",
        "/?a=%00",
        "/?a=%zz",
        "/?a=%ff",
        "/?=a",
        "/?a&a",
        "/?a=1&a=2",
        "/?a=1&b=2&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(uri) struct uri uri = {0};
        struct error err = {0};
        if (uri_parse(rows[i], &uri, &err))
            fail_msg("%s was accepted", rows[i]);
        assert_int_equal(err.code, ERR_BAD_REQUEST);
    }
}

static void test_query(void **state)
{
    (void)state;
    AUTO(uri) struct uri uri = {0};
    struct error err = {0};
    assert_true(uri_parse("/a?x=1&y=a+b%26c&&flag&e=", &uri, &err));
    assert_string_equal(uri_query_text(&uri, "x"), "1");
    assert_string_equal(uri_query_text(&uri, "y"), "a b&c");
    assert_string_equal(uri_query_text(&uri, "flag"), "");
    assert_string_equal(uri_query_text(&uri, "e"), "");
    assert_null(uri_query_text(&uri, "z"));
    assert_true(uri_check_query(&uri, "e x flag y more", &err));
    assert_false(uri_check_query(&uri, "x y flag", &err));
    assert_int_equal(err.code, ERR_UNKNOWN_FIELD);
    assert_string_equal(err.field, "e");
    assert_false(uri_check_query(&uri, NULL, &err));
    assert_true(uri_check_query(&uri, "*", &err));
    assert_false(uri_check_query(&uri, "xx y flag e", &err));
}

static void test_query_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        bool fine;
    } rows[] = {
        {"/?n=1", true},
        {"/?n=100", true},
        {"/?n=0", false},
        {"/?n=101", false},
        {"/?n=", false},
        {"/?n=-1", false},
        {"/?n=+1", false},
        {"/?n=1.0", false},
        {"/?n=1e1", false},
        {"/?n= 1", false},
        {"/?n=0x1", false},
        {"/?n=1x", false},
        {"/?n=18446744073709551617", false},
        {"/?m=1", true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(uri) struct uri uri = {0};
        struct error err = {0};
        int64_t number = 7;
        bool fine = uri_parse(rows[i].raw, &uri, &err) &&
                    uri_query_integer(&uri, "n", (int64_t[]){1, 100}, &number, &err);
        if (fine != rows[i].fine)
            fail_msg("%s: %s", rows[i].raw, err.text);
    }
}

/* Whatever comes in, it is refused or comes out without anything hidden in it. */
static void test_noise(void **state)
{
    (void)state;
    static const char letters[] = "/.%2eEfF05cC?&=+a\x80\xc3\xa9 #\\";
    unsigned seed = 1;
    for (int round = 0; round < 200000; round++) {
        char raw[24] = "/";
        size_t len = 1 + (size_t)rand_r(&seed) % 20;
        for (size_t i = 1; i < len; i++)
            raw[i] = letters[(size_t)rand_r(&seed) % (sizeof letters - 1)];
        AUTO(uri) struct uri uri = {0};
        struct error err = {0};
        if (!uri_parse(raw, &uri, &err))
            continue;
        assert_null(strstr(uri.path, "//"));
        assert_null(strstr(uri.path, "/../"));
        assert_true(uri.path[0] == '/');
        assert_true(utf8_is_valid(bytes_of(uri.path)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_targets_come_out_decoded),
        cmocka_unit_test(test_what_could_mean_two_things_is_refused),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_query_numbers),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
