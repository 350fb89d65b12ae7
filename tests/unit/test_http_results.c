/* Tables as CSV, and the names of downloads. */
/* Proves: T14 */
#include <string.h>

#include "api/download.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_as_csv),
        cmocka_unit_test(test_what_is_no_table),
        cmocka_unit_test(test_download_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
