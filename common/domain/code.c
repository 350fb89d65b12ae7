#include "common/domain/code.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/domain/unicode.h"

#define FILE_NAME_MAX 255

/* Where a class of characters is refused. */
enum place { IN_CODE = 1, IN_TEXT = 2, IN_BOTH = 3 };

static const struct {
    int32_t first, last;
    enum place place;
    const char *what;
} refused[] = {
    {0x00, 0x08, IN_BOTH, "control character"},
    {0x0b, 0x0c, IN_BOTH, "line break other than LF"},
    {0x0d, 0x0d, IN_BOTH, "carriage return: line ends must be LF alone"},
    {0x0e, 0x1f, IN_BOTH, "control character"},
    {0x7f, 0x84, IN_BOTH, "control character"},
    {0x85, 0x85, IN_BOTH, "line break other than LF"},
    {0x86, 0x9f, IN_BOTH, "control character"},
    {0xad, 0xad, IN_CODE, "invisible character"},
    {0x34f, 0x34f, IN_CODE, "invisible character"},
    {0x61c, 0x61c, IN_BOTH, "text direction control"},
    {0x115f, 0x1160, IN_CODE, "invisible character"},
    {0x17b4, 0x17b5, IN_CODE, "invisible character"},
    {0x180b, 0x180f, IN_CODE, "invisible character"},
    {0x200b, 0x200d, IN_CODE, "zero-width character"},
    {0x200e, 0x200f, IN_BOTH, "text direction control"},
    {0x2028, 0x2029, IN_BOTH, "line break other than LF"},
    {0x202a, 0x202e, IN_BOTH, "text direction control"},
    {0x2060, 0x2065, IN_CODE, "zero-width character"},
    {0x2066, 0x2069, IN_BOTH, "text direction control"},
    {0x206a, 0x206f, IN_BOTH, "text direction control"},
    {0x2800, 0x2800, IN_CODE, "invisible character"},
    {0x3164, 0x3164, IN_CODE, "invisible character"},
    {0xe000, 0xf8ff, IN_CODE, "private character"},
    {0xfdd0, 0xfdef, IN_BOTH, "character that does not exist"},
    {0xfe00, 0xfe0f, IN_CODE, "variation selector"},
    {0xfeff, 0xfeff, IN_BOTH, "byte order mark"},
    {0xffa0, 0xffa0, IN_CODE, "invisible character"},
    {0xfff0, 0xfffb, IN_BOTH, "invisible character"},
    {0x1bca0, 0x1bca3, IN_CODE, "invisible character"},
    {0x1d173, 0x1d17a, IN_CODE, "invisible character"},
    {0xe0000, 0xe0fff, IN_BOTH, "tag character"},
    {0xf0000, 0x10ffff, IN_CODE, "private character"},
};

static const char *why_refused(int32_t character, enum place place)
{
    if (character >= ' ' && character < 0x7f)
        return NULL;
    if (character < 0)
        return "byte that is not UTF-8";
    if ((character & 0xfffe) == 0xfffe)
        return "character that does not exist";
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        if (character >= refused[i].first && character <= refused[i].last &&
            (refused[i].place & place))
            return refused[i].what;
    return NULL;
}

/* An emoji may be made of several: a selector behind one, a joiner between two. Elsewhere the
 * same characters can not be seen. */
static bool is_part_of_emoji(int32_t before, int32_t character, int32_t after)
{
    bool selector = character == 0xfe0e || character == 0xfe0f;
    bool keycap = before > 0 && before < 0x80 && strchr("0123456789#*", before) && after == 0x20e3;
    if (selector)
        return unicode_is_emoji(before) || keycap;
    return character == 0x200d && (unicode_is_emoji(before) || before == 0xfe0f) &&
           unicode_is_emoji(after);
}

static int32_t peek(const unsigned char *at, const unsigned char *end)
{
    return at < end ? utf8_next(&at, end) : 0;
}

static void name_character(int32_t character, unsigned byte, char ret_name[16])
{
    if (character < 0)
        snprintf(ret_name, 16, "0x%02X", byte);
    else
        snprintf(ret_name, 16, "U+%04X", (unsigned)character);
}

static bool check_characters(struct bytes code, int64_t *ret_lines, struct error *err)
{
    const unsigned char *at = code.data, *end = at + code.len;
    int64_t line = 1, column = 1;
    int32_t before = 0;
    while (at < end) {
        unsigned byte = *at;
        int32_t character = utf8_next(&at, end);
        const char *why = why_refused(character, IN_CODE);
        if (why && !is_part_of_emoji(before, character, peek(at, end))) {
            char name[16];
            name_character(character, byte, name);
            return fail_field(err, ERR_NOT_ACCEPTABLE, "code",
                              "line %" PRId64 ", column %" PRId64 ": %s (%s)", line, column, why,
                              name);
        }
        column = character == '\n' ? 1 : column + 1;
        line += character == '\n';
        before = character;
    }
    *ret_lines = code.len && end[-1] == '\n' ? line - 1 : line;
    return true;
}

static bool is_utf8_name(const char *name, size_t len)
{
    return (len == 5 && strncasecmp(name, "utf", 3) == 0 && strchr("-_", name[3]) &&
            name[4] == '8') ||
           (len == 4 && strncasecmp(name, "utf8", 4) == 0);
}

static bool is_blank(struct bytes text)
{
    const char *at = text.data;
    for (size_t i = 0; i < text.len; i++)
        if (at[i] != ' ' && at[i] != '\t')
            return false;
    return true;
}

/* Python's rule (PEP 263), one line at a time: a comment with coding[:=] name. */
static bool check_cookie(const char *line, size_t len, int number, struct error *err)
{
    static const char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-_.";
    const char *end = line + len;
    const char *hash = memchr(line, '#', len);
    if (!hash || !is_blank((struct bytes){line, (size_t)(hash - line)}))
        return true;
    for (const char *at = hash; end - at > 7; at++) {
        if (strncmp(at, "coding", 6) != 0 || !strchr(":=", at[6]))
            continue;
        const char *name = at + 7;
        while (name < end && strchr(" \t", *name))
            name++;
        size_t name_len = 0;
        while (name + name_len < end && strchr(name_letters, name[name_len]))
            name_len++;
        if (name_len > 0 && !is_utf8_name(name, name_len))
            return fail_field(err, ERR_NOT_ACCEPTABLE, "code",
                              "line %d, column %d: a coding other than utf-8 (%.*s)", number,
                              (int)(at - line) + 1, (int)(name_len < 40 ? name_len : 40), name);
    }
    return true;
}

bool code_check(struct bytes code, const struct code_limits *limits, struct error *err)
{
    int64_t lines = 0;
    if ((int64_t)code.len > limits->bytes)
        return fail_field(err, ERR_INVALID_FIELD, "code",
                          "code has %zu bytes; at most %" PRId64 " are accepted", code.len,
                          limits->bytes);
    if (!check_characters(code, &lines, err))
        return false;
    if (lines > limits->lines)
        return fail_field(err, ERR_INVALID_FIELD, "code",
                          "code has %" PRId64 " lines; at most %" PRId64 " are accepted", lines,
                          limits->lines);
    const char *text = code.data, *end = text + code.len;
    for (int number = 1; number <= 2 && text < end; number++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t len = (size_t)((stop ? stop : end) - text);
        if (!check_cookie(text, len, number, err))
            return false;
        text = stop ? stop + 1 : end;
    }
    return true;
}

bool code_is_ascii(struct bytes code)
{
    const unsigned char *at = code.data;
    for (size_t i = 0; i < code.len; i++)
        if (at[i] > 0x7f)
            return false;
    return true;
}

bool code_refuses(int32_t character)
{
    return why_refused(character, IN_CODE) != NULL;
}

bool text_check(struct bytes text, enum text_kind kind, const char *field, struct error *err)
{
    const unsigned char *at = text.data, *end = at + text.len;
    while (at < end) {
        int32_t character = utf8_next(&at, end);
        const char *why = why_refused(character, IN_TEXT);
        if (kind == TEXT_LINE && (character == '\n' || character == '\t'))
            why = "line break or tab";
        if (why)
            return fail_field(err, ERR_NOT_ACCEPTABLE, field, "%s has a %s", field, why);
    }
    return true;
}

bool file_name_check(const char *name, struct error *err)
{
    size_t len = strlen(name);
    if (len == 0 || len > FILE_NAME_MAX)
        return fail_field(err, ERR_INVALID_FIELD, "name", "a file name has 1 to %d bytes",
                          FILE_NAME_MAX);
    if (strpbrk(name, "/\\:*?\"<>|") || name[0] == '.' || name[0] == '-' ||
        strchr(" .", name[len - 1]) || name[0] == ' ')
        return fail_field(err, ERR_INVALID_FIELD, "name", "this is no plain file name");
    struct error why = {0};
    const unsigned char *at = (const unsigned char *)name, *end = at + len;
    while (at < end)
        if (why_refused(utf8_next(&at, end), IN_BOTH))
            return fail_field(err, ERR_INVALID_FIELD, "name",
                              "the file name has an invisible or control character");
    if (!text_check(bytes_of(name), TEXT_LINE, "name", &why))
        return fail_field(err, ERR_INVALID_FIELD, "name", "%s", why.text);
    return true;
}
