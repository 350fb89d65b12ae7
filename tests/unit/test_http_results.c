/* Tables as CSV, and the names of downloads. */
/* Proves: T14 */
#include <string.h>

#include "api/requests/download.h"
#include "common/domain/table_csv.h"
#include "tests/unit/cmocka_all.h"

static void test_table_as_csv(void **state)
{
    (void)state;
    static const char table[] =
        "{\"columns\":[{\"name\":\"a\",\"type\":\"text\"},{\"name\":\"=b\"},{}],\"rows\":["
        "[\"plain\",1.5,null],[\"=1+1\",true,false],[\"a,b\",\"say \\\"hi\\\"\",\"two\\nlines\"],"
        "[\"+1\",\"-1\",\"@x\"],[\"\\tx\",-1,9007199254740993],[\" a\",\"\",[1,2]]]}";
    AUTO(json) json_t *json = json_loads(table, 0, NULL);
    AUTO(buffer) struct buffer out = {0};
    struct error err = {0};
    assert_non_null(json);
    assert_true(table_csv_write(json, &out, &err));
    assert_string_equal(out.data, "a,\"'=b\",\r\n"
                                  "plain,1.5,\r\n"
                                  "\"'=1+1\",true,false\r\n"
                                  "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n"
                                  "\"'+1\",\"'-1\",\"'@x\"\r\n"
                                  "\"'\tx\",-1,9007199254740993\r\n"
                                  "\" a\",,\"[1,2]\"\r\n");
}

static void test_what_is_no_table(void **state)
{
    (void)state;
    static const char *const rows[] = {"{}", "{\"columns\":[]}", "{\"columns\":{},\"rows\":[]}"};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(json) json_t *json = json_loads(rows[i], 0, NULL);
        AUTO(buffer) struct buffer out = {0};
        struct error err = {0};
        assert_false(table_csv_write(json, &out, &err));
    }
}

static void test_download_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *header;
    } rows[] = {
        {"a.csv", "attachment; filename=\"a.csv\"; filename*=UTF-8''a.csv"},
        {"a b.csv", "attachment; filename=\"a b.csv\"; filename*=UTF-8''a%20b.csv"},
        {"\xc3\xa4.csv", "attachment; filename=\"__.csv\"; filename*=UTF-8''%C3%A4.csv"},
        {"a\"b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b"},
        {"a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"},
        {"", "attachment; filename=\"file\"; filename*=UTF-8''file"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct reply reply = {0};
        download_name(&reply, rows[i].name);
        assert_string_equal(reply.headers[0].value, rows[i].header);
        reply_clear(&reply);
    }
}

static void test_no_cell_is_a_formula(void **state)
{
    static const struct {
        const char *text, *cell;
    } cells[] = {
        {"=1+1", "\"'=1+1\""},
        {"+1", "\"'+1\""},
        {"-1", "\"'-1\""},
        {"@a", "\"'@a\""},
        {"\t=1", "\"'\t=1\""},
        {"\r=1", "\"'\r=1\""},
        {"\n=1", "\"'\n=1\""},
        {"  =1", "\"'  =1\""},
        {"\uff1d1", "\"'\uff1d1\""},
        {"\uff0b1", "\"'\uff0b1\""},
        {"\uff0d1", "\"'\uff0d1\""},
        {" \uff20a", "\"' \uff20a\""},
        {"a;=1", "\"a;=1\""},
        {"a\t=1", "\"a\t=1\""},
        {"a=1", "a=1"},
        {"\uff1e1", "\uff1e1"},
        {" a", "\" a\""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        AUTO(json)
        json_t *table =
            json_pack("{s:[{s:s}], s:[[s]]}", "columns", "name", "x", "rows", cells[i].text);
        AUTO(buffer) struct buffer out = {0}, expected = {0};
        struct error err = {0};
        buffer_printf(&expected, "x\r\n%s\r\n", cells[i].cell);
        assert_true(table_csv_write(table, &out, &err));
        assert_string_equal(out.data, expected.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_as_csv),
        cmocka_unit_test(test_no_cell_is_a_formula),
        cmocka_unit_test(test_what_is_no_table),
        cmocka_unit_test(test_download_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
