/* Proves: T19b */
#include <string.h>

#include "tests/unit/cmocka_all.h"
#include "worker/sandbox/e2b/e2b_lines.h"
#include "worker/sandbox/e2b/e2b_trim.h"

/* Lines between bars; one that was too long with a star. */
static bool note(void *context, struct bytes line, bool whole)
{
    struct buffer *all = context;
    buffer_add(all, line.data, line.len);
    buffer_add_text(all, whole ? "|" : "*|");
    return memchr(line.data, '!', line.len) == NULL;
}

/* The same text in pieces of one size. */
static bool feed(const char *text, size_t piece, struct e2b_lines limits, struct buffer *ret_all)
{
    struct e2b_lines lines = limits;
    bool fine = true;
    size_t len = strlen(text);
    for (size_t at = 0; fine && at < len; at += piece) {
        size_t part = len - at < piece ? len - at : piece;
        fine = e2b_lines_take(&lines, (struct bytes){text + at, part}, note, ret_all);
    }
    fine = fine && e2b_lines_end(&lines, note, ret_all);
    e2b_lines_auto(&lines);
    return fine;
}

static void test_lines_do_not_depend_on_pieces(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"", ""},
        {"a", "a|"},
        {"a\n", "a|"},
        {"a\nb", "a|b|"},
        {"\n\na\n\n", "a|"},
        {"one\ntwo\nthree\n", "one|two|three|"},
        {"12345678\n", "12345678|"},
        {"123456789\nb\n", NULL}, /* too long: its head depends on the pieces */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        for (size_t piece = 1; piece <= 12; piece++) {
            AUTO(buffer) struct buffer all = {0};
            const struct e2b_lines limits = {.line_max = 8, .left = 100};
            buffer_add_text(&all, "");
            assert_true(feed(rows[i].text, piece, limits, &all));
            if (rows[i].expected)
                assert_string_equal(all.data, rows[i].expected);
            else
                assert_non_null(strstr(all.data, "*|b|"));
        }
}

static void test_only_the_head_of_a_long_line_is_told(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer text = {0};
    AUTO(buffer) struct buffer all = {0};
    for (int i = 0; i < 100000; i++)
        buffer_add_text(&text, "x");
    buffer_add_text(&text, "\nafter\n");
    assert_true(feed(text.data, 4096, (struct e2b_lines){.line_max = 5000, .left = 200000}, &all));
    assert_int_equal(all.len, 128 + strlen("*|after|"));
    assert_non_null(strstr(all.data, "*|after|"));
}

static void test_the_whole_is_limited(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 6; piece++) {
        AUTO(buffer) struct buffer all = {0};
        buffer_add_text(&all, "");
        assert_false(
            feed("ab\ncd\nef\n", piece, (struct e2b_lines){.line_max = 8, .left = 8}, &all));
        assert_null(strstr(all.data, "ef"));
    }
}

static void test_a_reader_may_stop(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer all = {0};
    assert_false(feed("a\n!\nb\n", 100, (struct e2b_lines){.line_max = 8, .left = 100}, &all));
    assert_string_equal(all.data, "a|!|");
}

static void test_large_values_are_emptied(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
        size_t values;
    } rows[] = {
        {"{\"a\":1,\"b\":[1,2,[3]],\"c\":\"x\"}", "{\"a\":1,\"b\":[],\"c\":\"x\"}", 7},
        {"{\"d\":{\"e\":[{}],\"f\":2},\"g\":null}", "{\"d\":{},\"g\":null}", 6},
        {"{\"s\":\"],}\\\"[\",\"t\":[\"]\\\\\"]}", "{\"s\":\"],}\\\"[\",\"t\":[]}", 3},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buffer) struct buffer out = {0};
        assert_int_equal(e2b_values(bytes_of(rows[i].text)), rows[i].values);
        e2b_trim(bytes_of(rows[i].text), &out);
        assert_string_equal(out.data, rows[i].expected);
    }
}

static void test_almost_json_is_mended(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"a\":\"b\"}", "{\"a\":\"b\"}"},
        {"{\"a\":NaN,\"b\":-Infinity}", "{\"a\":null,\"b\":null}"},
        {"{\"a\":\"NaN \\\"NaN\"}", "{\"a\":\"NaN \\\"NaN\"}"},
        {"[\"x\\ud83dy\"]", "[\"x\\ufffdy\"]"},
        {"[\"x\\udc00\\ud83d\"]", "[\"x\\ufffd\\ufffd\"]"},
        {"[\"\\uD83D\\uDE00\"]", "[\"\\uD83D\\uDE00\"]"},
        {"[\"\\\\ud83d\"]", "[\"\\\\ud83d\"]"},
        {"[\"a\xff\xc3\xa4\xe2\x82\"]", "[\"a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\"]"},
        {"[\"\\ud83d", "[\"\\ufffd"},
        {"[\"\\", "[\"\\"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buffer) struct buffer out = {0};
        e2b_mend(bytes_of(rows[i][0]), &out);
        assert_string_equal(out.data, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_do_not_depend_on_pieces),
        cmocka_unit_test(test_only_the_head_of_a_long_line_is_told),
        cmocka_unit_test(test_the_whole_is_limited),
        cmocka_unit_test(test_a_reader_may_stop),
        cmocka_unit_test(test_large_values_are_emptied),
        cmocka_unit_test(test_almost_json_is_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
