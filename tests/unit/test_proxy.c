/* Whose word counts for who somebody is: addresses, ranges, the secret, the header. */
/* Proves: T27 V6.3.4 */
#include <stdio.h>
#include <string.h>

#include "api/sign_in/proxy.h"
#include "common/base/crypto.h"
#include "tests/unit/cmocka_all.h"

#define SECRET "a secret of 16 or more"
#define HEADERS_MAX 4

struct given {
    const char *name;
    const char *value;
};

static int init(void **state)
{
    struct error err = {0};
    (void)state;
    return crypto_init(&err) ? 0 : -1;
}

static struct settings settings_of(const char *addresses)
{
    return (struct settings){.proxy_addresses = addresses,
                             .proxy_secret = {SECRET},
                             .proxy_user_header = "X-Remote-User",
                             .proxy_address_header = ""};
}

static struct proxy *proxy_of(const char *addresses)
{
    struct error err = {0};
    struct proxy *proxy = NULL;
    const struct settings settings = settings_of(addresses);
    if (!proxy_new(&settings, &proxy, &err))
        fail_msg("%s: %s", addresses, err.text);
    return proxy;
}

/* What a request from this peer with these headers says: the login, "" for nobody, NULL refused. */
static const char *login_of(const struct proxy *proxy, const char *peer, const struct given *given)
{
    struct header headers[HEADERS_MAX];
    struct exchange exchange = {.head = {.headers = headers}};
    struct error err = {0};
    const char *login = "untouched";
    snprintf(exchange.peer, sizeof exchange.peer, "%s", peer);
    for (size_t i = 0; i < HEADERS_MAX && given[i].name; i++)
        headers[exchange.head.header_count++] =
            (struct header){.name = given[i].name, .value = given[i].value};
    bool fine = proxy_login(proxy, &exchange, &login, &err);
    assert_int_equal(err.code, fine ? ERR_NONE : ERR_UNAUTHENTICATED);
    if (!fine)
        assert_null(login);
    return !fine ? NULL : login ? login : "";
}

static bool counts(const struct proxy *proxy, const char *peer)
{
    static const struct given given[HEADERS_MAX] = {{"X-Remote-User", "ana"},
                                                    {"X-Proxy-Secret", SECRET}};
    const char *login = login_of(proxy, peer, given);
    return login && strcmp(login, "ana") == 0;
}

static void a_range_is_exactly_its_addresses(void **state)
{
    static const struct {
        const char *addresses, *peer;
        bool counts;
    } rows[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1/32", "127.0.0.1", true},
        {"127.0.0.1/32", "127.0.0.0", false},
        {"127.0.0.0/31", "127.0.0.1", true},
        {"127.0.0.0/31", "127.0.0.2", false},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"10.128.0.0/9", "10.128.0.0", true},
        {"10.128.0.0/9", "10.127.255.255", false},
        {"10.9.8.7/8", "10.1.2.3", true}, /* what is behind the bits does not count */
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::1", "::1", true},
        {"::1", "::2", false},
        {"2001:db8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "127.0.0.1", true},
        {"127.0.0.1", "::ffff:127.0.0.1", true}, /* the same address, written otherwise */
        {"::ffff:127.0.0.1", "127.0.0.1", true},
        {"::ffff:0:0/96", "203.0.113.9", true},
        {"::ffff:0:0/96", "::1", false},
        {"10.0.0.1, ::1,  127.0.0.1", "127.0.0.1", true},
        {"10.0.0.1,::1,127.0.0.1,", "::1", true},
        {" ,10.0.0.1", "10.0.0.1", true},
        {"127.0.0.1", "", false},
        {"127.0.0.1", "unix", false},
        {"0.0.0.0/0", "127.0.0.1.", false},
        {"0.0.0.0/0", "0127.0.0.1", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct proxy *proxy = proxy_of(rows[i].addresses);
        if (counts(proxy, rows[i].peer) != rows[i].counts)
            fail_msg("%s from %s", rows[i].addresses, rows[i].peer);
        proxy_free(proxy);
    }
}

static void a_list_that_is_wrong_stops_the_start(void **state)
{
    static const struct {
        const char *addresses, *says;
    } rows[] = {
        {"", "PROXY_ADDRESSES is empty"},
        {" , ", "PROXY_ADDRESSES is empty"},
        {"127.0.0.1/33", "127.0.0.1/33 is no"},
        {"::1/129", "::1/129 is no"},
        {"127.0.0.1/", "127.0.0.1/ is no"},
        {"127.0.0.1/ 8", "127.0.0.1/ is no"},
        {"127.0.0.1/+8", "127.0.0.1/+8 is no"},
        {"127.0.0.1/-1", "127.0.0.1/-1 is no"},
        {"127.0.0.1/8x", "127.0.0.1/8x is no"},
        {"127.0.0.1/8/8", "127.0.0.1/8/8 is no"},
        {"127.0.0.1/4294967304", "is no"},           /* 8, in 32 bits */
        {"127.0.0.1/18446744073709551624", "is no"}, /* 8, in 64 */
        {"127.0.0", "127.0.0 is no"},
        {"127.0.0.256", "127.0.0.256 is no"},
        {"localhost", "localhost is no"},
        {"[::1]", "[::1] is no"},
        {"*", "* is no"},
        {"::1;10.0.0.1", "::1;10.0.0.1 is no"},
        {"10.0.0.1,all", "all is no"},
        {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee/8", "is no"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        struct proxy *proxy = NULL;
        const struct settings settings = settings_of(rows[i].addresses);
        if (proxy_new(&settings, &proxy, &err) || !strstr(err.text, rows[i].says))
            fail_msg("%s: %s", rows[i].addresses, err.text);
        assert_int_equal(err.code, ERR_BAD_REQUEST);
        assert_null(proxy);
    }
}

static void there_are_32_ranges_at_most(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer list = {0};
    struct error err = {0};
    for (int i = 1; i <= 32; i++)
        buffer_printf(&list, "10.0.0.%d,", i);
    struct proxy *proxy = proxy_of(list.data);
    assert_true(counts(proxy, "10.0.0.32"));
    proxy_free(proxy);
    buffer_add_text(&list, "10.0.0.33");
    const struct settings settings = settings_of(list.data);
    assert_false(proxy_new(&settings, &proxy, &err));
    assert_non_null(strstr(err.text, "more than 32"));
}

static void without_a_secret_nobody_is_trusted(void **state)
{
    static const struct {
        const char *secret, *addresses, *header;
        const char *says; /* NULL: there is simply no proxy */
    } rows[] = {
        {"", "", "X-Remote-User", NULL},
        {"", "127.0.0.1", "X-Remote-User", "PROXY_SECRET must have 16"},
        {"fifteen letters", "127.0.0.1", "X-Remote-User", "PROXY_SECRET must have 16"},
        {"short", "", "X-Remote-User", "PROXY_SECRET must have 16"},
        {SECRET, "127.0.0.1", "", "PROXY_USER_HEADER is empty"},
    };
    static const struct given given[HEADERS_MAX] = {{"X-Remote-User", "ana"},
                                                    {"X-Proxy-Secret", ""}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        struct proxy *proxy = NULL;
        const struct settings settings = {.proxy_addresses = rows[i].addresses,
                                          .proxy_secret = {rows[i].secret},
                                          .proxy_user_header = rows[i].header,
                                          .proxy_address_header = ""};
        assert_int_equal(proxy_new(&settings, &proxy, &err), rows[i].says == NULL);
        assert_null(proxy);
        if (rows[i].says)
            assert_non_null(strstr(err.text, rows[i].says));
    }
    assert_string_equal(login_of(NULL, "127.0.0.1", given), ""); /* it is no header of ours then */
    proxy_free(NULL);
}

static void the_headers_are_one_each_and_right(void **state)
{
    char lengthy[102] = {0};
    memset(lengthy, 'a', 101);
    const struct {
        struct given headers[HEADERS_MAX];
        const char *login;
    } rows[] = {
        {{{"X-Remote-User", "ana"}, {"X-Proxy-Secret", SECRET}}, "ana"},
        {{{"x-remote-user", "Ana"}, {"X-PROXY-SECRET", SECRET}}, "Ana"},
        {{{"X-Remote-User", lengthy + 1}, {"X-Proxy-Secret", SECRET}}, lengthy + 1},
        {{{"X-Proxy-Secret", SECRET}}, ""},
        {{{"X-Remote-Users", "ana"}, {"X-Proxy-Secret", SECRET}}, ""},
        {{{"X-Remote-User", "ana"}}, NULL},
        {{{"X-Remote-User", "ana"}, {"X-Proxy-Secret", ""}}, NULL},
        {{{"X-Remote-User", "ana"}, {"X-Proxy-Secret", SECRET "x"}}, NULL},
        {{{"X-Remote-User", "ana"}, {"X-Proxy-Secret", " " SECRET}}, NULL},
        {{{"X-Remote-User", "ana"}, {"X-Proxy-Secret", SECRET}, {"X-Proxy-Secret", SECRET}}, NULL},
        {{{"X-Remote-User", "ana"}, {"X-Remote-User", "rob"}, {"X-Proxy-Secret", SECRET}}, NULL},
        {{{"X-Remote-User", ""}, {"X-Proxy-Secret", SECRET}}, NULL},
        {{{"X-Remote-User", lengthy}, {"X-Proxy-Secret", SECRET}}, NULL},
    };
    (void)state;
    struct proxy *proxy = proxy_of("127.0.0.1");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *login = login_of(proxy, "127.0.0.1", rows[i].headers);
        if (!login || !rows[i].login ? login != rows[i].login : strcmp(login, rows[i].login) != 0)
            fail_msg("row %zu: %s", i, login ? login : "refused");
    }
    proxy_free(proxy);
}

/* Whom a request from this peer is from, with these headers. */
static void is_from(const char *peer, const struct given *given, const char *expected)
{
    struct header headers[HEADERS_MAX];
    struct exchange exchange = {.head = {.headers = headers}};
    struct error err = {0};
    struct proxy *proxy = NULL;
    struct settings settings = settings_of("127.0.0.1, 10.0.0.0/8, ::1");
    settings.proxy_user_header = "";
    settings.proxy_address_header = "X-Forwarded-For";
    assert_true(proxy_new(&settings, &proxy, &err));
    assert_false(proxy_signs_in(proxy));
    snprintf(exchange.peer, sizeof exchange.peer, "%s", peer);
    for (size_t i = 0; i < HEADERS_MAX && given[i].name; i++)
        headers[exchange.head.header_count++] =
            (struct header){.name = given[i].name, .value = given[i].value};
    for (int turn = 0; turn < 2; turn++) { /* once more changes nothing */
        proxy_name_client(proxy, &exchange);
        assert_string_equal(exchange.address, expected);
    }
    proxy_name_client(NULL, &exchange);
    assert_string_equal(exchange.address, peer);
    proxy_free(proxy);
}

static void the_last_address_that_is_no_proxy_asks(void **state)
{
    static const struct {
        const char *list, *expected;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"198.51.100.9, 192.0.2.1", "192.0.2.1"},
        {"198.51.100.9,192.0.2.1", "192.0.2.1"},
        {" 192.0.2.1 \t", "192.0.2.1"},
        {"198.51.100.9, 192.0.2.1, 10.1.2.3", "192.0.2.1"},
        {"198.51.100.9, 192.0.2.1, 10.1.2.3, ::1", "192.0.2.1"},
        {"10.1.2.3, 10.4.5.6", "10.1.2.3"},
        {"192.0.2.1:8080", "192.0.2.1"},
        {"[2001:db8::1]:8080", "2001:db8::1"},
        {"2001:0DB8:0:0::1", "2001:db8::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"198.51.100.9, unknown", "127.0.0.1"},
        {"198.51.100.9, unknown, 10.1.2.3", "10.1.2.3"},
        {"192.0.2.1, ", "127.0.0.1"},
        {"192.0.2.1;198.51.100.9", "127.0.0.1"},
        {"192.0.2.256", "127.0.0.1"},
        {"", "127.0.0.1"},
        {",", "127.0.0.1"},
        {"[", "127.0.0.1"},
        {":", "127.0.0.1"},
        {"1111111111111111111111111111111111111111111111111111111111111111111", "127.0.0.1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        is_from("127.0.0.1",
                (struct given[HEADERS_MAX]){{"X-Proxy-Secret", SECRET},
                                            {"x-forwarded-for", rows[i].list}},
                rows[i].expected);
    const struct given lines[HEADERS_MAX] = {{"X-Forwarded-For", "198.51.100.9"},
                                             {"X-Proxy-Secret", SECRET},
                                             {"X-Forwarded-For", "192.0.2.1"}};
    is_from("127.0.0.1", lines, "192.0.2.1");
    const struct given more[HEADERS_MAX] = {{"X-Forwarded-For", "192.0.2.1"},
                                            {"X-Proxy-Secret", SECRET},
                                            {"X-Forwarded-For", "10.1.2.3"}};
    is_from("127.0.0.1", more, "192.0.2.1");
}

static void nobody_else_says_who_asks(void **state)
{
    const struct given good[HEADERS_MAX] = {{"X-Forwarded-For", "192.0.2.1"},
                                            {"X-Proxy-Secret", SECRET}};
    const struct given wrong[HEADERS_MAX] = {{"X-Forwarded-For", "192.0.2.1"},
                                             {"X-Proxy-Secret", SECRET "x"}};
    const struct given twice[HEADERS_MAX] = {
        {"X-Forwarded-For", "192.0.2.1"}, {"X-Proxy-Secret", SECRET}, {"X-Proxy-Secret", SECRET}};
    (void)state;
    is_from("192.0.2.7", good, "192.0.2.7");
    is_from("127.0.0.1", wrong, "127.0.0.1");
    is_from("127.0.0.1", twice, "127.0.0.1");
    is_from("127.0.0.1", good + 1, "127.0.0.1");
    is_from("127.0.0.1", good, "192.0.2.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_exactly_its_addresses),
        cmocka_unit_test(a_list_that_is_wrong_stops_the_start),
        cmocka_unit_test(there_are_32_ranges_at_most),
        cmocka_unit_test(without_a_secret_nobody_is_trusted),
        cmocka_unit_test(the_headers_are_one_each_and_right),
        cmocka_unit_test(the_last_address_that_is_no_proxy_asks),
        cmocka_unit_test(nobody_else_says_who_asks),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
