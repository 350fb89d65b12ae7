#include "policy/sql_token.h"

#include <ctype.h>
#include <string.h>

bool sql_is_letter(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80);
}

size_t sql_quoted(const char *text, size_t left, char close)
{
    for (size_t i = 1; i < left; i++) {
        if (text[i] != close)
            continue;
        if (close == ']' || i + 1 >= left || text[i + 1] != close)
            return i + 1;
        i++;
    }
    return 0;
}

size_t sql_comment(const char *text, size_t left)
{
    const char *end = NULL;
    if (left > 1 && text[0] == '-' && text[1] == '-') {
        end = memchr(text, '\n', left);
        return end ? (size_t)(end - text) : left;
    }
    if (left < 2 || text[0] != '/' || text[1] != '*')
        return 0;
    end = left > 3 ? memmem(text + 2, left - 2, "*/", 2) : NULL;
    return end ? (size_t)(end - text) + 2 : left;
}

bool sql_is_plain_name(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!sql_is_letter(text[i]) && !strchr(" -./%&", text[i]))
            return false;
    return len > 0 && !isdigit((unsigned char)text[0]);
}

struct token sql_token(const char *text, size_t at, size_t left)
{
    size_t len = 1;
    char first = text[at];
    if (first == '\'' || first == '"' || first == '`') {
        len = sql_quoted(text + at, left, first);
        return (struct token){first == '\'' ? TOKEN_TEXT : TOKEN_NAME, at, len ? len : left};
    }
    if (first == '[') {
        len = sql_quoted(text + at, left, ']');
        if (len > 2 && sql_is_plain_name(text + at + 1, len - 2))
            return (struct token){TOKEN_NAME, at, len};
        return (struct token){TOKEN_SIGN, at, 1};
    }
    if (!sql_is_letter(first))
        return (struct token){TOKEN_SIGN, at, 1};
    bool number = isdigit((unsigned char)first);
    while (len < left && (sql_is_letter(text[at + len]) || (number && text[at + len] == '.')))
        len++;
    return (struct token){number ? TOKEN_NUMBER : TOKEN_WORD, at, len};
}

static bool has(const char *text, size_t len, const char *part)
{
    return memmem(text, len, part, strlen(part)) != NULL;
}

static bool is_even(const char *text, size_t len, char sign)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += text[i] == sign;
    return count % 2 == 0;
}

/* What SQLite reads as a name, PostgreSQL as code: [x] and `x`. */
static bool is_same_inside(const char *text, size_t len)
{
    return is_even(text, len, '\'') && is_even(text, len, '"') && !has(text, len, "--") &&
           !has(text, len, "/*") && !memchr(text, '$', len);
}

/* $x$ … $x$ is a text to PostgreSQL, and two values to SQLite. */
static bool is_double_dollar(const char *text, size_t left)
{
    size_t tag = 1;
    while (tag < left && sql_is_letter(text[tag]) && text[tag] != '$')
        tag++;
    if (tag >= left || text[tag] != '$')
        return false;
    const char *begin = text + ++tag, *end = memmem(begin, left - tag, text, tag);
    return end && end > begin && !sql_is_plain_name(begin, (size_t)(end - begin));
}

/* E'\'' is a quote to PostgreSQL, and the end of the text to SQLite. */
static bool is_double_escape(const char *text, size_t len)
{
    for (size_t i = 1; i + 1 < len; i++)
        if (text[i] == '\\' && text[i + 1] == '\'')
            return true;
    return false;
}

static bool is_double(const char *text, size_t at, size_t left, size_t *ret_len)
{
    struct token of = sql_token(text, at, left);
    size_t len = text[at] == '[' ? sql_quoted(text + at, left, ']') : 0;
    bool escapes = at && tolower((unsigned char)text[at - 1]) == 'e' && of.kind == TOKEN_TEXT;
    *ret_len = len ? len : of.len;
    if (text[at] == '[' || text[at] == '`')
        return *ret_len > 2 && !is_same_inside(text + at + 1, *ret_len - 2);
    return (text[at] == '$' && is_double_dollar(text + at, left)) ||
           (escapes && is_double_escape(text + at, of.len));
}

/* A quote that nothing closes: SQLite runs none of it, unless a statement ended before. */
static bool is_open(const char *text, size_t left)
{
    bool quoted = text[0] == '\'' || text[0] == '"' || text[0] == '`';
    return quoted && sql_quoted(text, left, text[0]) == 0;
}

bool sql_is_double(struct bytes code)
{
    const char *text = code.data;
    bool found = false, ended = false;
    for (size_t at = 0, len; at < code.len; at += len) {
        size_t left = code.len - at;
        len = isspace((unsigned char)text[at]) ? 1 : sql_comment(text + at, left);
        found = found || (len > 2 && text[at] == '/' && has(text + at + 2, len - 2, "/*"));
        if (len)
            continue;
        if (!ended && is_open(text + at, left))
            return false;
        ended = ended || text[at] == ';';
        found = is_double(text, at, left, &len) || found;
    }
    return found;
}
