/* Items: a table is a table, a chart is a picture that a browser survives, a name is plain. */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "worker/sandbox/item.h"

#define COLUMNS                                                                                    \
    "{\"columns\":[{\"name\":\"a\",\"type\":\"number\"},{\"name\":\"b\",\"type\":\"text\"}]"

static void good_tables(void **state)
{
    (void)state;
    static const char *const tables[] = {
        "{\"columns\":[],\"rows\":[],\"total_rows\":0}",
        COLUMNS ",\"rows\":[],\"total_rows\":0}",
        COLUMNS ",\"rows\":[[1,\"x\"]],\"total_rows\":1}",
        COLUMNS
        ",\"rows\":[[-0.5e-7,null],[1e+22,\"\xc3\xa4\\n\\u001f\\\"\\\\\"]],\"total_rows\":99}",
        COLUMNS ",\"rows\":[[-9223372036854775808,1.7976931348623157e+308]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[true,false],[0,\"</script>\"]],\"total_rows\":2}",
        "{\"columns\":[{\"name\":\"t\",\"type\":\"time\"}],\"rows\":[[\"2026-01-01\"]],"
        "\"total_rows\":1}",
        "{\"columns\":[{\"name\":\"t\",\"type\":\"boolean\"}],\"rows\":[[true]],\"total_rows\":1}",
    };
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        if (!item_table_valid(bytes_of(tables[i])))
            fail_msg("refused: %s", tables[i]);
}

static void bad_tables(void **state)
{
    (void)state;
    static const char *const tables[] = {
        "",
        "{}",
        "[]",
        "null",
        "{\"columns\":[]}",
        "{\"columns\":[],\"rows\":[],\"total_rows\":0} ",
        "{\"columns\":[],\"rows\":[],\"total_rows\":-1}",
        "{\"columns\":[],\"rows\":[],\"total_rows\":}",
        "{\"columns\":[],\"rows\":[],\"total_rows\":01}",
        "{\"columns\":[],\"rows\":[],\"total_rows\":9999999999999999}",
        "{\"columns\":[{\"name\":\"a\",\"type\":\"html\"}],\"rows\":[],\"total_rows\":0}",
        "{\"columns\":[{\"name\":1,\"type\":\"text\"}],\"rows\":[],\"total_rows\":0}",
        COLUMNS ",\"rows\":[[1]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,2,3]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,[2]]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,{}]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,NaN]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,1e309]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[9223372036854775808,\"x\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[0.1000000000000000000000000000000000000000001,1]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[01,\"x\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1.,\"x\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[.5,\"x\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1e,\"x\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,\"x]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,\"\n\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,\"\\u0000\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,\"\\ud800\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,\"\\x\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,\"\xff\"]],\"total_rows\":1}",
        COLUMNS ",\"rows\":[[1,\"x\"],],\"total_rows\":1}",
        COLUMNS ",\"rows\":[,[1,\"x\"]],\"total_rows\":1}",
        COLUMNS ", \"rows\":[],\"total_rows\":0}",
        "{\"columns\":[{\"name\":\"a\",\"type\":\"text\"}",
    };
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        if (item_table_valid(bytes_of(tables[i])))
            fail_msg("taken: %s", tables[i]);
}

/* Every beginning of a good table is no table. */
static void cut_tables(void **state)
{
    (void)state;
    const char *table = COLUMNS ",\"rows\":[[-1.5e3,\"\\u00e4x\"],[null,\"\"]],\"total_rows\":2}";
    assert_true(item_table_valid(bytes_of(table)));
    for (size_t len = 0; len < strlen(table); len++)
        assert_false(item_table_valid((struct bytes){table, len}));
}

static void text_is_utf8(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xe0\x80\x80",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xf0\x80\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "a\xc3("};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(item_text_valid(bytes_of(good[i])));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (item_text_valid(bytes_of(bad[i])))
            fail_msg("taken: %zu", i);
    assert_false(item_text_valid((struct bytes){"a\0b", 3}));
}

static struct bytes picture(uint32_t width, uint32_t height, uint8_t ret_data[64])
{
    static const uint8_t start[16] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                      0,    0,   0,   13,  'I',  'H',  'D',  'R'};
    memset(ret_data, 0, 64);
    memcpy(ret_data, start, sizeof start);
    for (int i = 0; i < 4; i++) {
        ret_data[16 + i] = (uint8_t)(width >> (24 - 8 * i));
        ret_data[20 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    return (struct bytes){ret_data, 64};
}

static const char *kind_of(const char *kind, const char *name, struct bytes body)
{
    struct item item;
    return item_check(kind, name, body, &item) ? item.kind : "refused";
}

/* A picture that would burst a viewer is handed back as a file, and not shown. */
static void charts_are_pictures_of_sane_size(void **state)
{
    (void)state;
    uint8_t data[64];
    assert_string_equal(kind_of("chart", "c.png", picture(640, 480, data)), "chart");
    assert_string_equal(kind_of("chart", "c.png", picture(50000, 50000, data)), "file");
    assert_string_equal(kind_of("chart", "c.png", picture(0, 480, data)), "file");
    assert_string_equal(kind_of("chart", "c.png", bytes_of("<svg onload=alert(1)>")), "file");
    struct item item;
    assert_true(item_check("chart", "c.png", bytes_of("<html>"), &item));
    assert_string_equal(item.mime, "application/octet-stream");
}

static void mime_comes_from_us(void **state)
{
    (void)state;
    struct item item;
    assert_true(item_check("file", "a.CSV", bytes_of("x"), &item));
    assert_string_equal(item.mime, "text/csv");
    assert_true(item_check("file", "a.b", bytes_of("x"), &item));
    assert_string_equal(item.mime, "application/octet-stream");
    assert_true(item.counts);
    assert_true(item_check("traceback", "", bytes_of("x"), &item));
    assert_false(item.counts);
}

/* Whatever the code wrote past our bootstrap, and whatever a service lists. */
static void names_are_what_they_look_like(void **state)
{
    (void)state;
    static const char *const good[] = {"a.txt",
                                       "a b.csv",
                                       "\xc3\xa4.png",
                                       "\xe6\x9d\xb1.csv",
                                       "\xe2\x9d\xa4\xef\xb8\x8f.png",
                                       "\xd7\x90.txt"};
    static const char *const bad[] = {"",
                                      ".a",
                                      "a/b",
                                      "a\\b",
                                      "a\nb",
                                      "a\x7fz",
                                      "a\xc2\x85",
                                      "a\xc2\xad",
                                      "a\xe2\x80\x8b",
                                      "a\xe2\x80\xaegpj.exe",
                                      "a\xe2\x81\xa6",
                                      "a\xd8\x9c",
                                      "a\xe2\x80\xa8",
                                      "a\xef\xbb\xbf",
                                      "a\xee\x80\x80",
                                      "a\xf3\xa0\x81\x81",
                                      "a\xc0\xaf",
                                      "a\xff",
                                      "a\xed\xa0\x80"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_string_equal(kind_of("file", good[i], bytes_of("x")), "file");
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (strcmp(kind_of("file", bad[i], bytes_of("x")), "refused") != 0)
            fail_msg("taken: name %zu", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_what_they_look_like),
        cmocka_unit_test(good_tables),
        cmocka_unit_test(bad_tables),
        cmocka_unit_test(cut_tables),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(charts_are_pictures_of_sane_size),
        cmocka_unit_test(mime_comes_from_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
