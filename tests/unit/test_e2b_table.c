/* Proves: T19b */
#include <string.h>

#include "tests/unit/cmocka_all.h"
#include "worker/sandbox/e2b/e2b_items.h"
#include "worker/sandbox/e2b/e2b_table.h"
#include "worker/sandbox/item.h"

static void table_of(const char *text, int64_t most, struct buffer *ret_json)
{
    AUTO(json) json_t *data = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    assert_non_null(data);
    if (e2b_table(data, most, ret_json))
        assert_true(item_table_valid(buffer_bytes(ret_json)));
}

static void test_columns_as_the_service_gives_them(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"a\":[1,2.5,null,\"nan\",\"inf\"]}",
         "{\"columns\":[{\"name\":\"a\",\"type\":\"number\"}],"
         "\"rows\":[[1],[2.5],[null],[null],[null]],\"total_rows\":5}"},
        {"{\"b\":[true,false,null],\"c\":[\"x\",\"\",null]}",
         "{\"columns\":[{\"name\":\"b\",\"type\":\"boolean\"},{\"name\":\"c\",\"type\":\"text\"}],"
         "\"rows\":[[true,\"x\"],[false,\"\"],[null,null]],\"total_rows\":3}"},
        {"{\"mixed\":[1,\"x\",true,[2],{\"k\":\"v\"}]}",
         "{\"columns\":[{\"name\":\"mixed\",\"type\":\"text\"}],\"rows\":[[\"1\"],[\"x\"],"
         "[\"true\"],[\"[2]\"],[\"{\\\"k\\\":\\\"v\\\"}\"]],\"total_rows\":5}"},
        {"{\"large\":[9007199254740993,1]}",
         "{\"columns\":[{\"name\":\"large\",\"type\":\"text\"}],"
         "\"rows\":[[\"9007199254740993\"],[\"1\"]],\"total_rows\":2}"},
        {"{\"all\":[\"nan\"]}", "{\"columns\":[{\"name\":\"all\",\"type\":\"text\"}],"
                                "\"rows\":[[\"nan\"]],\"total_rows\":1}"},
        {"{\"short\":[1],\"long\":[1,2]}",
         "{\"columns\":[{\"name\":\"short\",\"type\":\"number\"},"
         "{\"name\":\"long\",\"type\":\"number\"}],\"rows\":[[1,1],[null,2]],\"total_rows\":2}"},
        {"{\"a\\\"\\n\":[\"\\u0000\\u001f\\\\\"]}",
         "{\"columns\":[{\"name\":\"a\\\"\\u000a\",\"type\":\"text\"}],"
         "\"rows\":[[\"\xef\xbf\xbd\\u001f\\\\\"]],\"total_rows\":1}"},
        {"{}", "{\"columns\":[],\"rows\":[],\"total_rows\":0}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buffer) struct buffer json = {0};
        table_of(rows[i][0], 10000, &json);
        assert_non_null(json.data);
        assert_string_equal(json.data, rows[i][1]);
    }
}

static void test_what_is_no_table(void **state)
{
    (void)state;
    static const char *const rows[] = {"[]", "{\"a\":1}", "{\"a\":{}}", "\"a\"", "null"};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buffer) struct buffer json = {0};
        table_of(rows[i], 10000, &json);
        assert_null(json.data);
    }
}

static void test_as_many_rows_as_fit(void **state)
{
    (void)state;
    const char *text = "{\"a\":[11111,22222,33333,44444]}";
    size_t rows = 0;
    for (int64_t most = 0; most < 200; most++) {
        AUTO(buffer) struct buffer json = {0};
        table_of(text, most, &json);
        if (!json.data)
            continue;
        assert_true((int64_t)json.len <= most);
        assert_non_null(strstr(json.data, "\"total_rows\":4}"));
        size_t now = 0;
        for (const char *at = strstr(json.data, "\"rows\":[") + 8; (at = strchr(at, '[')); at++)
            now++;
        assert_true(now >= rows);
        rows = now;
    }
    assert_int_equal(rows, 4);
}

static void test_base64(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected; /* NULL: refused */
    } rows[] = {
        {"", ""},           {"eA==", "x"},         {"eHk=", "xy"},  {"eHl6", "xyz"},
        {"eHl6YQ", "xyza"}, {"eH\nl6\r\n", "xyz"}, {"e", NULL},     {"eA===", NULL},
        {"eA==eA", NULL},   {"e*==", NULL},        {"eHl6Y", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buffer) struct buffer data = {0};
        assert_int_equal(e2b_base64(bytes_of(rows[i].text), &data), rows[i].expected != NULL);
        if (rows[i].expected)
            assert_true(bytes_equal(buffer_bytes(&data), bytes_of(rows[i].expected)));
    }
}

static void test_texts_are_cut_between_characters(void **state)
{
    (void)state;
    char text[6];
    e2b_text_copy(bytes_of("abcdefgh"), text, sizeof text);
    assert_string_equal(text, "abcde");
    e2b_text_copy(bytes_of("abcdä"), text, sizeof text);
    assert_string_equal(text, "abcd");
    e2b_text_copy((struct bytes){"a\0b", 3}, text, sizeof text);
    assert_string_equal(text, "a\xef\xbf\xbd"
                              "b");
    e2b_text_copy((struct bytes){NULL, 0}, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_as_the_service_gives_them),
        cmocka_unit_test(test_what_is_no_table),
        cmocka_unit_test(test_as_many_rows_as_fit),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
