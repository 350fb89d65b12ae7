/* Proves: T10 T11 T12 */
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

#include "common/domain/code.h"
#include "common/domain/deception.h"
#include "common/domain/source.h"
#include "tests/unit/cmocka_all.h"

#define FILES_LEAST 300

static const struct code_limits limits = {262144, 2000};

static void read_whole(const char *path, struct buffer *ret_text)
{
    char part[4096];
    size_t len;
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s is missing", path);
    buffer_clear(ret_text);
    while ((len = fread(part, 1, sizeof part, file)) > 0)
        buffer_add(ret_text, part, len);
    fclose(file);
}

/* The outcome in the words of expected.tsv, without the names of the file. */
static void judge(struct bytes code, const char *language, struct buffer *ret_said)
{
    static const char *const levels[] = {"note", "medium", "high"};
    struct error err = {0};
    AUTO(deceptions) struct deceptions found = {0};
    if (!code_check(code, &limits, &err) || !deception_check(code, language, &err)) {
        buffer_printf(ret_said, "refused\t%s\t%s\n", err.field, err.text);
        return;
    }
    deception_find(code, language, &found);
    for (size_t i = 0; i < found.count; i++)
        buffer_printf(ret_said, "found\t%s\t%" PRId64 ":%" PRId64 "-%" PRId64 "\t%s\n",
                      levels[found.list[i].level], found.list[i].line, found.list[i].column,
                      found.list[i].end_column, found.list[i].rule);
    if (!found.count)
        buffer_add_text(ret_said, "clean\n");
}

/* A refusal is told by "line:column" and a part of the words; bytes that no JSON can carry
 * are refused there already, and here as well. */
static bool is_said(const char *said, const char *expected)
{
    int line = 0, column = 0;
    char words[32] = "", place[48] = "";
    if (strncmp(expected, "refused", 7) != 0)
        return strcmp(said, expected) == 0;
    if (strncmp(expected, "refused\t(body)", 14) == 0)
        return strncmp(said, "refused\tcode", 12) == 0;
    if (sscanf(expected, "refused\tcode\t%d:%d\t%31[^\n]", &line, &column, words) == 3)
        snprintf(place, sizeof place, "line %d, column %d:", line, column);
    else
        sscanf(expected, "refused\tcode\t-\t%31[^\n]", words);
    return strstr(said, place) && strstr(said, words);
}

static int check_file(const char *folder, const char *name, const char *expected)
{
    char path[300];
    AUTO(buffer) struct buffer code = {0}, said = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    read_whole(path, &code);
    judge(buffer_bytes(&code), strstr(name, ".sql") ? "sql" : "python", &said);
    if (is_said(said.data, expected))
        return 0;
    print_error("%s\n  expected %s  but      %s", path, expected, said.data);
    return 1;
}

/* The lines of one file follow each other. */
static int check_folder(const char *list, int *io_files)
{
    int wrong = 0;
    char folder[200], name[100] = "";
    AUTO(buffer) struct buffer text = {0}, expected = {0};
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(list, '/') - list), list);
    read_whole(list, &text);
    for (char *line = text.data; *line;) {
        char *stop = strchr(line, '\n'), *tab = strchr(line, '\t');
        size_t len = (size_t)(tab - line);
        if (strncmp(name, line, len) != 0 || name[len]) {
            snprintf(name, sizeof name, "%.*s", (int)len, line);
            buffer_clear(&expected);
            ++*io_files;
        }
        buffer_add(&expected, tab + 1, (size_t)(stop - tab));
        line = stop + 1;
        if (strncmp(line, name, len) != 0 || line[len] != '\t')
            wrong += check_file(folder, name, expected.data);
    }
    return wrong;
}

static void test_every_file_is_refused_or_marked_as_said(void **state)
{
    (void)state;
    glob_t lists;
    int wrong = 0, files = 0;
    assert_int_equal(glob("tests/deception/*/expected.tsv", 0, NULL, &lists), 0);
    for (size_t i = 0; i < lists.gl_pathc; i++)
        wrong += check_folder(lists.gl_pathv[i], &files);
    globfree(&lists);
    assert_int_equal(wrong, 0);
    assert_true(files >= FILES_LEAST);
}

/* What a font may draw as nothing, or as an order of signs, is in the list of refused ones. */
static bool is_hidden(int32_t c)
{
    uint32_t category = U_GET_GC_MASK(c);
    return (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
            u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL) ||
            u_hasBinaryProperty(c, UCHAR_NONCHARACTER_CODE_POINT) ||
            (category & (U_GC_CC_MASK | U_GC_CO_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK))) &&
           c != '\n' && c != '\t' && (c < 0xd800 || c > 0xdfff);
}

static void test_no_invisible_character_of_unicode_is_forgotten(void **state)
{
    (void)state;
    for (int32_t c = 0; c <= 0x10ffff; c++) {
        if (!is_hidden(c))
            continue;
        char text[8] = "";
        int32_t len = 0;
        struct error err = {0};
        U8_APPEND_UNSAFE((uint8_t *)text, len, c);
        if (code_check((struct bytes){text, (size_t)len}, &limits, &err))
            fail_msg("U+%04X is accepted", (unsigned)c);
    }
}

/* A hidden character anywhere in harmless code; those that emoji are made of left aside. */
static void test_ten_thousand_mutations_are_refused(void **state)
{
    (void)state;
    glob_t files;
    unsigned seed = 11;
    AUTO(buffer) struct buffer text = {0}, code = {0};
    int32_t hidden[300];
    size_t count = 0;
    for (int32_t c = 0; c < 0x1ffff && count < COUNT_OF(hidden); c++)
        if (is_hidden(c) && u_charType(c) != U_PRIVATE_USE_CHAR && c != 0x200d && c != 0xfe0e &&
            c != 0xfe0f)
            hidden[count++] = c;
    assert_in_range(count, 100, COUNT_OF(hidden) - 1);
    assert_int_equal(glob("tests/deception/harmless/*.py", 0, NULL, &files), 0);
    for (int round = 0; round < 10000; round++) {
        char character[8] = "";
        struct error err = {0};
        read_whole(files.gl_pathv[(size_t)rand_r(&seed) % files.gl_pathc], &text);
        int32_t c = hidden[(size_t)rand_r(&seed) % count];
        int32_t len = 0, at = rand_r(&seed) % (int32_t)text.len;
        U8_APPEND_UNSAFE((uint8_t *)character, len, c);
        U8_SET_CP_START_UNSAFE((const uint8_t *)text.data, at);
        buffer_clear(&code);
        buffer_add(&code, text.data, (size_t)at);
        buffer_add(&code, character, (size_t)len);
        buffer_add(&code, text.data + at, text.len - (size_t)at);
        if (code_check(buffer_bytes(&code), &limits, &err))
            fail_msg("U+%04X at %d is accepted", (unsigned)c, at);
    }
    globfree(&files);
}

static void test_a_refusal_says_what_the_character_could_be_taken_for(void **state)
{
    (void)state;
    static const struct {
        const char *code, *says;
    } rows[] = {
        {"us\xd0\xb5r", "line 1, column 3: outside strings and comments only ASCII is accepted "
                        "(U+0435, looks like \"e\")"},
        {"\n\xef\xbd\x8fs", "line 2, column 1: outside strings and comments only ASCII is "
                            "accepted (U+FF4F, read as \"o\")"},
        {"\xe5\x80\xbc", "(U+503C)"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        assert_false(deception_check(bytes_of(rows[i].code), "python", &err));
        assert_int_equal(err.code, ERR_NOT_ACCEPTABLE);
        assert_string_equal(err.field, "code");
        if (!strstr(err.text, rows[i].says))
            fail_msg("%s", err.text);
    }
}

static void test_many_notes_hide_no_high_finding(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer code = {0};
    AUTO(deceptions) struct deceptions found = {0};
    for (int i = 0; i < 1000; i++)
        buffer_add_text(&code, "x = '\xc2\xa0'\n");
    buffer_add_text(&code, "x = 'us\xd0\xb5r'\n");
    deception_find(buffer_bytes(&code), "python", &found);
    assert_int_equal(found.count, DECEPTIONS_OF_A_KIND + 2);
    assert_int_equal(found.list[DECEPTIONS_OF_A_KIND].line, DECEPTIONS_OF_A_KIND + 1);
    assert_string_equal(found.list[DECEPTIONS_OF_A_KIND].title,
                        "And more of the same from here on");
    assert_int_equal(found.list[found.count - 1].level, DECEPTION_HIGH);
    assert_int_equal(found.list[found.count - 1].line, 1001);
}

static void test_places_are_in_characters_and_in_bytes(void **state)
{
    (void)state;
    static const char code[] = "\n'\xe5\x80\xbc us\xd0\xb5r'";
    AUTO(deceptions) struct deceptions found = {0};
    deception_find(bytes_of(code), "sql", &found);
    assert_int_equal(found.count, 1);
    struct deception one = found.list[0];
    assert_int_equal(one.line, 2);
    assert_int_equal(one.column, 4);
    assert_int_equal(one.end_column, 8);
    assert_int_equal(one.end - one.start, 5);
    assert_memory_equal(code + one.start, "us\xd0\xb5r", 5);
}

static void test_json(void **state)
{
    (void)state;
    AUTO(json) json_t *list = deception_json(bytes_of("x = 'us\xd0\xb5r'"), "python");
    AUTO(json)
    json_t *expected = json_pack(
        "[{s:s, s:s, s:i, s:i, s:i, s:s, s:s}]", "rule", "deception.look-alike", "level", "high",
        "line", 1, "column", 6, "end_column", 10, "title", "U+0435 looks like \"e\" in this word",
        "explanation",
        "Letters of two scripts in one word: it looks like another word, and is not equal to it.");
    assert_true(json_equal(list, expected));
    AUTO(json) json_t *none = deception_json(bytes_of("x = 1"), "python");
    assert_int_equal(json_array_size(none), 0);
}

static void parts_auto(uint8_t **parts)
{
    free(*parts);
}

/* Fields within fields: what is too deep to follow is taken for code, not for a string. */
static void test_what_is_nested_too_deep_is_code(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer code = {0};
    for (int depth = 1; depth < 100; depth++) {
        buffer_clear(&code);
        for (int i = 0; i < depth; i++)
            buffer_add_text(&code, "f'{");
        buffer_add_text(&code, "\"}\" + x");
        AUTO(parts) uint8_t *parts = source_parts(buffer_bytes(&code), "python");
        assert_int_equal(parts[1], SOURCE_STRING);
        assert_int_equal(parts[2], SOURCE_CODE);
        assert_int_equal(parts[code.len - 1], SOURCE_CODE);
    }
}

static void test_emoji_are_made_of_several_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool fine;
    } rows[] = {
        {"\xe2\x9d\xa4\xef\xb8\x8f", true},                     /* heart, in colour */
        {"\xe2\x9d\xa4\xef\xb8\x8e", true},                     /* heart, as text */
        {"1\xef\xb8\x8f\xe2\x83\xa3", true},                    /* keycap */
        {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", true}, /* woman, computer */
        {"\xe2\x9d\xa4\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x94\xa5", true},
        {"1\xef\xb8\x8f", false},
        {"\xef\xb8\x8f", false},
        {"a\xef\xb8\x8f\xe2\x83\xa3", false},
        {"\xe2\x9d\xa4\xef\xb8\x8f\xef\xb8\x8f", false},
        {"\xf0\x9f\x91\xa9\xe2\x80\x8d", false},
        {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xe2\x80\x8d\xf0\x9f\x92\xbb", false},
        {"a\xe2\x80\x8d\xf0\x9f\x92\xbb", false},
        {"\xf0\x9f\x91\xa9\xe2\x80\x8d"
         "a",
         false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        if (code_check(bytes_of(rows[i].text), &limits, &err) != rows[i].fine)
            fail_msg("row %zu: %s", i, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file_is_refused_or_marked_as_said),
        cmocka_unit_test(test_no_invisible_character_of_unicode_is_forgotten),
        cmocka_unit_test(test_ten_thousand_mutations_are_refused),
        cmocka_unit_test(test_a_refusal_says_what_the_character_could_be_taken_for),
        cmocka_unit_test(test_many_notes_hide_no_high_finding),
        cmocka_unit_test(test_places_are_in_characters_and_in_bytes),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_what_is_nested_too_deep_is_code),
        cmocka_unit_test(test_emoji_are_made_of_several_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
