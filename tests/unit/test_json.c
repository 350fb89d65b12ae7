#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "tests/unit/cmocka_all.h"

static enum error_code read_code(struct bytes text)
{
    struct error err = {0};
    AUTO(json) json_t *root = NULL;
    return json_read_object(text, &root, &err) ? ERR_NONE : err.code;
}

/* Each must be refused as invalid_json, whatever the parser beneath allows. */
static void test_read_refuses(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "null",
        "[]",
        "3",
        "\"text\"",
        "{",
        "{}x",
        "{} {}",
        "{\"a\":1,}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":9223372036854775808}",
        "{'a':1}",
        "{\"a\":01}",
        "{/*c*/}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "\xef\xbb\xbf{}",
        "{\"a\":\"line\nbreak\"}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (read_code(bytes_of(texts[i])) != ERR_INVALID_JSON)
            fail_msg("accepted: %s", texts[i]);
    assert_int_equal(read_code((struct bytes){"{\"a\":\"\0\"}", 9}), ERR_INVALID_JSON);
}

static void test_read_bounds_the_depth(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer deep = {0};
    buffer_add_text(&deep, "{\"a\":");
    for (int i = 0; i < JSON_DEPTH_LIMIT - 1; i++)
        buffer_add_text(&deep, "[");
    for (int i = 0; i < JSON_DEPTH_LIMIT - 1; i++)
        buffer_add_text(&deep, "]");
    buffer_add_text(&deep, "}");
    assert_int_equal(read_code(buffer_bytes(&deep)), ERR_NONE);
    AUTO(buffer) struct buffer deeper = {0};
    buffer_printf(&deeper, "{\"b\":%s}", deep.data);
    assert_int_equal(read_code(buffer_bytes(&deeper)), ERR_INVALID_JSON);
    /* Brackets inside a text are no depth. */
    AUTO(buffer) struct buffer text = {0};
    buffer_add_text(&text, "{\"a\":\"\\\"");
    for (int i = 0; i < 1000; i++)
        buffer_add_text(&text, "[{");
    buffer_add_text(&text, "\"}");
    assert_int_equal(read_code(buffer_bytes(&text)), ERR_NONE);
}

static const struct json_field fields[] = {
    {"name", JSON_KIND_TEXT, true, 1, 10},     {"count", JSON_KIND_INTEGER, false, 0, 5},
    {"tags", JSON_KIND_ARRAY, false, 0, 2},    {"on", JSON_KIND_BOOLEAN, false, 0, 0},
    {"limits", JSON_KIND_OBJECT, false, 0, 0},
};

static void expect(const char *text, const char *path, enum error_code code, const char *field)
{
    struct error err = {0};
    AUTO(json) json_t *root = NULL;
    assert_true(json_read_object(bytes_of(text), &root, &err));
    bool fine = json_check(root, path, fields, COUNT_OF(fields), &err);
    assert_int_equal(fine ? ERR_NONE : err.code, code);
    assert_string_equal(err.field, field);
}

static void test_check_names_the_field(void **state)
{
    (void)state;
    expect("{\"name\":\"x\",\"count\":5,\"tags\":[1,2],\"on\":true,\"limits\":{}}", "", ERR_NONE,
           "");
    expect("{}", "", ERR_MISSING_FIELD, "name");
    expect("{\"name\":null}", "", ERR_INVALID_FIELD, "name");
    expect("{\"name\":\"\"}", "", ERR_INVALID_FIELD, "name");
    expect("{\"name\":\"12345678901\"}", "", ERR_INVALID_FIELD, "name");
    expect("{\"name\":\"x\",\"count\":\"5\"}", "", ERR_INVALID_FIELD, "count");
    expect("{\"name\":\"x\",\"count\":5.0}", "", ERR_INVALID_FIELD, "count");
    expect("{\"name\":\"x\",\"count\":-1}", "", ERR_INVALID_FIELD, "count");
    expect("{\"name\":\"x\",\"count\":6}", "files.0", ERR_INVALID_FIELD, "files.0.count");
    expect("{\"name\":\"x\",\"tags\":[1,2,3]}", "", ERR_INVALID_FIELD, "tags");
    expect("{\"name\":\"x\",\"on\":1}", "", ERR_INVALID_FIELD, "on");
    expect("{\"name\":\"x\",\"limits\":[]}", "", ERR_INVALID_FIELD, "limits");
    expect("{\"name\":\"x\",\"nom\":1}", "", ERR_UNKNOWN_FIELD, "nom");
    expect("{\"name\":\"x\",\"\":1}", "", ERR_UNKNOWN_FIELD, "");
}

static void test_getters_fall_back(void **state)
{
    (void)state;
    AUTO(json) json_t *root = json_pack("{s:s,s:i,s:b}", "t", "x", "i", 7, "b", 1);
    assert_string_equal(json_text_of(root, "t"), "x");
    assert_null(json_text_of(root, "i"));
    assert_int_equal(json_integer_of(root, "i", 1), 7);
    assert_int_equal(json_integer_of(root, "none", 1), 1);
    assert_true(json_flag(root, "b"));
    assert_false(json_flag(root, "t"));
    AUTO(text) char *text = json_text(root);
    assert_string_equal(text, "{\"t\":\"x\",\"i\":7,\"b\":true}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_refuses),
        cmocka_unit_test(test_read_bounds_the_depth),
        cmocka_unit_test(test_check_names_the_field),
        cmocka_unit_test(test_getters_fall_back),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
