/* Proves: T10 T12 */
#include <stdlib.h>
#include <string.h>

#include "common/domain/code.h"
#include "tests/unit/cmocka_all.h"

static const struct code_limits limits = {1000, 10};

static bool check(const char *code, struct error *err)
{
    return code_check(bytes_of(code), &limits, err);
}

static void test_accepted(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "print(1)",
        "print(1)\n",
        "\n\n\nprint(1)\n",
        "if x:\n\tprint('\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80')\n", /* umlaut, euro, emoji */
        "# -*- coding: utf-8 -*-\nx",
        "# coding=utf8\nx",
        "# coding: UTF-8\nx",
        "# vim: set fileencoding=utf_8 :\nx",
        "#!/usr/bin/python3\n# coding: utf-8\nx",
        "x = 'coding: latin-1'\n",
        "x = 1 # coding: latin-1\n",
        "\n\n# coding: latin-1 on the third line\n",
        "# encoding the world\n",
        "# coding:\n",
        "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n",
        "1\n2\n3\n4\n5\n6\n7\n8\n9\n10",
        "s = '\xc2\xa0\xe3\x80\x80'", /* odd blanks that are at least visible as width */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        if (!check(rows[i], &err))
            fail_msg("row %zu: %s", i, err.text);
    }
}

static const struct {
    const char *code;
    const char *says;
} refused_rows[] = {
    {"a\r\nb", "line 1, column 2: carriage return"},
    {"# harmless\rimport os", "line 1, column 11: carriage return"},
    {"a\n\xc3\xa4\vb", "line 2, column 2: line break"},
    {"a\fb", "line 1, column 2: line break"},
    {"a\xc2\x85"
     "b",
     "(U+0085)"},
    {"a\xe2\x80\xa8"
     "b",
     "(U+2028)"},
    {"a\xe2\x80\xa9"
     "b",
     "(U+2029)"},
    {"\xef\xbb\xbf"
     "a",
     "line 1, column 1: byte order mark"},
    {"a\x01", "control character (U+0001)"},
    {"a\x1b[31m", "control character (U+001B)"},
    {"a\x7f", "control character (U+007F)"},
    {"a\xc2\x9b", "control character (U+009B)"},
    {"a\xe2\x80\xae"
     "b",
     "text direction control (U+202E)"},
    {"a\xe2\x81\xa6"
     "b",
     "text direction control (U+2066)"},
    {"a\xe2\x80\x8f"
     "b",
     "text direction control (U+200F)"},
    {"a\xd8\x9c"
     "b",
     "text direction control (U+061C)"},
    {"a\xe2\x80\x8b"
     "b",
     "zero-width character (U+200B)"},
    {"a\xe2\x80\x8d"
     "b",
     "zero-width character (U+200D)"},
    {"a\xe2\x81\xa0"
     "b",
     "zero-width character (U+2060)"},
    {"a\xc2\xad"
     "b",
     "invisible character (U+00AD)"},
    {"a\xe3\x85\xa4"
     "b",
     "invisible character (U+3164)"},
    {"a\xef\xbe\xa0"
     "b",
     "invisible character (U+FFA0)"},
    {"a\xf3\xa0\x81\xa1"
     "b",
     "tag character (U+E0061)"},
    {"a\xf3\xa0\x84\x80"
     "b",
     "tag character (U+E0100)"},
    {"a\xef\xb8\x8f"
     "b",
     "variation selector (U+FE0F)"},
    {"a\xee\x80\x80"
     "b",
     "private character (U+E000)"},
    {"a\xf4\x8f\xbf\xbd", "private character (U+10FFFD)"},
    {"a\xef\xbf\xbf", "character that does not exist (U+FFFF)"},
    {"a\xef\xb7\x90", "character that does not exist (U+FDD0)"},
    {"a\xff", "byte that is not UTF-8 (0xFF)"},
    {"a\xc0\xaf", "byte that is not UTF-8 (0xC0)"},
    {"a\xed\xa0\x80", "byte that is not UTF-8 (0xED)"},
    {"a\xe2\x82", "byte that is not UTF-8 (0xE2)"},
    {"a\xf4\x90\x80\x80", "byte that is not UTF-8 (0xF4)"},
    {"# coding: latin-1\n", "line 1, column 3: a coding other than utf-8 (latin-1)"},
    {"# -*- coding: unicode_escape -*-\n", "(unicode_escape)"},
    {"  \t# coding=utf-7\n", "(utf-7)"},
    {"#!/x\n# vim: fileencoding=raw_unicode_escape\n", "line 2, column 14"},
    {"# coding: utf-8-sig\n", "(utf-8-sig)"},
    {"# coding: utf-8 coding: rot13\n", "(rot13)"},
};

static void test_refused_with_line_and_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(refused_rows); i++) {
        struct error err = {0};
        if (check(refused_rows[i].code, &err) || !strstr(err.text, refused_rows[i].says))
            fail_msg("row %zu, %s: %s", i, refused_rows[i].says, err.text);
        assert_int_equal(err.code, ERR_NOT_ACCEPTABLE);
        assert_string_equal(err.field, "code");
    }
}

/* Bytes need no NUL behind them: what follows in memory is not part of the line. */
static void test_coding_is_looked_for_within_the_code(void **state)
{
    (void)state;
    struct error err = {0};
    static const char text[] = "# coding: utf-8-sig";
    assert_true(code_check((struct bytes){text, strlen("# coding: utf-8")}, &limits, &err));
    assert_true(code_check((struct bytes){"   # coding:x", 3}, &limits, &err));
}

static void test_nul_is_refused(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(code_check((struct bytes){"a\0b", 3}, &limits, &err));
    assert_non_null(strstr(err.text, "U+0000"));
}

static void test_limits(void **state)
{
    (void)state;
    char code[1002];
    struct error err = {0};
    memset(code, 'a', sizeof code);
    assert_true(code_check((struct bytes){code, 1000}, &limits, &err));
    assert_false(code_check((struct bytes){code, 1001}, &limits, &err));
    assert_int_equal(err.code, ERR_INVALID_FIELD);
    assert_false(check("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11", &err));
    assert_int_equal(err.code, ERR_INVALID_FIELD);
}

static void test_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool line, lines;
    } rows[] = {
        {"plain", true, true},
        {"\xe2\x9d\xa4\xef\xb8\x8f \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", true, true},
        {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", true, true},
        {"<script>alert(1)</script> {{7*7}} '; -- $(x) %n%s =1+1", true, true},
        {"two\nlines", false, true},
        {"a\ttab", false, true},
        {"cr\r\nlf", false, false},
        {"esc\x1b[31m", false, false},
        {"bidi \xe2\x80\xae", false, false},
        {"tag \xf3\xa0\x81\xa1", false, false},
        {"c1 \xc2\x9b", false, false},
        {"bad \xff", false, false},
        {"sep \xe2\x80\xa8", false, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        bool line = text_check(bytes_of(rows[i].text), TEXT_LINE, "title", &err);
        bool lines = text_check(bytes_of(rows[i].text), TEXT_LINES, "note", &err);
        if (line != rows[i].line || lines != rows[i].lines)
            fail_msg("row %zu: %d %d", i, line, lines);
    }
}

static void test_file_names(void **state)
{
    (void)state;
    char longest[257];
    memset(longest, 'a', sizeof longest);
    longest[255] = '\0';
    const struct {
        const char *name;
        bool fine;
    } rows[] = {
        {"a.csv", true},
        {"a b (2).csv", true},
        {"\xc3\xa4.csv", true},
        {longest, true},
        {"a..b", true},
        {"=cmd.csv", true},
        {"", false},
        {".", false},
        {"..", false},
        {".htaccess", false},
        {"a/b", false},
        {"../../x", false},
        {"C:\\x", false},
        {"C:x", false},
        {"a\nb", false},
        {"a\x7f", false},
        {"-rf", false},
        {" a", false},
        {"a ", false},
        {"a.", false},
        {"a\"b", false},
        {"a*b", false},
        {"a?b", false},
        {"a|b", false},
        {"a<b", false},
        {"a\xff", false},
        {"a\xe2\x80\xaegpj.exe", false},
        {"a\xe2\x80\x8b", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        if (file_name_check(rows[i].name, &err) != rows[i].fine)
            fail_msg("%s: %s", rows[i].name, err.text);
        if (!rows[i].fine)
            assert_string_equal(err.field, "name");
    }
    struct error err = {0};
    longest[255] = 'a';
    longest[256] = '\0';
    assert_false(file_name_check(longest, &err));
}

/* What was accepted holds nothing but LF, TAB and visible characters, however it came in. */
static void test_noise(void **state)
{
    (void)state;
    unsigned seed = 7;
    struct code_limits loose = {1000, 1000};
    for (int round = 0; round < 200000; round++) {
        char code[9] = {0};
        for (size_t i = 0; i < 8; i++)
            code[i] = (char)(rand_r(&seed) % 3 ? 0x80 + rand_r(&seed) % 128 : rand_r(&seed) % 128);
        struct error err = {0};
        if (!code_check((struct bytes){code, 8}, &loose, &err))
            continue;
        const unsigned char *at = (const unsigned char *)code, *end = at + 8;
        while (at < end) {
            int32_t c = utf8_next(&at, end);
            assert_true(c >= 0x20 || c == '\n' || c == '\t');
            assert_false(c >= 0x7f && c < 0xa0);
            assert_false(c >= 0x200b && c <= 0x200f);
            assert_false(c >= 0x2028 && c <= 0x202e);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused_with_line_and_column),
        cmocka_unit_test(test_coding_is_looked_for_within_the_code),
        cmocka_unit_test(test_nul_is_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
