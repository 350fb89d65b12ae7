#include "worker/sandbox/e2b/e2b_trim.h"

#include <string.h>

#include "worker/sandbox/item.h"

/* Follows brackets and strings. */
struct walk {
    size_t depth;
    bool in_string;
    bool escaped;
};

static bool opens(char now)
{
    return now == '{' || now == '[';
}

static bool closes(char now)
{
    return now == '}' || now == ']';
}

/* True when the character stands outside of strings. */
static bool step(struct walk *walk, char now)
{
    if (walk->in_string) {
        walk->in_string = walk->escaped || now != '"';
        walk->escaped = !walk->escaped && now == '\\';
        return false;
    }
    walk->in_string = now == '"';
    if (opens(now))
        walk->depth++;
    else if (closes(now) && walk->depth > 0)
        walk->depth--;
    return true;
}

size_t e2b_values(struct bytes json)
{
    const char *text = json.data;
    struct walk walk = {0};
    size_t count = 0;
    for (size_t i = 0; i < json.len; i++)
        count += step(&walk, text[i]) && (text[i] == ',' || opens(text[i]));
    return count;
}

void e2b_trim(struct bytes json, struct buffer *ret_json)
{
    const char *text = json.data;
    struct walk walk = {0};
    for (size_t i = 0; i < json.len; i++) {
        size_t before = walk.depth;
        bool outside = step(&walk, text[i]);
        bool edge =
            outside && ((opens(text[i]) && before == 1) || (closes(text[i]) && before == 2));
        if (before <= 1 || edge)
            buffer_add(ret_json, &text[i], 1);
    }
}

/* The code unit of \\uXXXX at `at`; -1 when there is none. */
static int unit_at(const char *at, const char *end)
{
    int value = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int low = at[i] | 0x20;
        bool digit = at[i] >= '0' && at[i] <= '9', letter = low >= 'a' && low <= 'f';
        if (!digit && !letter)
            return -1;
        value = value << 4 | (digit ? at[i] - '0' : low - 'a' + 10);
    }
    return value;
}

static bool between(int value, int least, int most)
{
    return value >= least && value <= most;
}

/* An escape in a string; gives how much of the text it is. */
static size_t mend_escape(const char *at, const char *end, struct buffer *ret_json)
{
    int unit = unit_at(at, end);
    size_t len = end - at < 2 ? 1 : unit < 0 ? 2 : 6;
    if (between(unit, 0xd800, 0xdbff) && between(unit_at(at + 6, end), 0xdc00, 0xdfff))
        len = 12;
    else if (between(unit, 0xd800, 0xdfff)) {
        buffer_add_text(ret_json, "\\ufffd");
        return len;
    }
    buffer_add(ret_json, at, len);
    return len;
}

/* One character of at most four bytes, or one byte that is none. */
static size_t mend_character(const char *at, const char *end, struct buffer *ret_json)
{
    for (size_t len = 1; len <= 4 && len <= (size_t)(end - at); len++)
        if (item_text_valid((struct bytes){at, len})) {
            buffer_add(ret_json, at, len);
            return len;
        }
    buffer_add_text(ret_json, "\xef\xbf\xbd");
    return 1;
}

static size_t mend_number(const char *at, const char *end, struct buffer *ret_json)
{
    static const char *const names[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        size_t len = strlen(names[i]);
        if (len <= (size_t)(end - at) && memcmp(at, names[i], len) == 0) {
            buffer_add_text(ret_json, "null");
            return len;
        }
    }
    buffer_add(ret_json, at, 1);
    return 1;
}

void e2b_mend(struct bytes json, struct buffer *ret_json)
{
    const char *at = json.data, *end = at + json.len;
    bool in_string = false;
    while (at < end) {
        if (*at == '"')
            in_string = !in_string;
        if (in_string && *at == '\\')
            at += mend_escape(at, end, ret_json);
        else if (in_string)
            at += mend_character(at, end, ret_json);
        else
            at += mend_number(at, end, ret_json);
    }
}
