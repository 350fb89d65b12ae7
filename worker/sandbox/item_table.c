/* The grammar of a table's JSON, read once, without building anything. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sandbox/item.h"

#define NUMBER_MAX 40 /* characters; a double needs 24 */

/* What is left to read. Every function moves on only past what it accepts. */
struct reader {
    const char *at;
    const char *end;
};

static bool literal(struct reader *reader, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, text, len) != 0)
        return false;
    reader->at += len;
    return true;
}

static bool next_is(const struct reader *reader, char wanted)
{
    return reader->at < reader->end && *reader->at == wanted;
}

static size_t digits(struct reader *reader)
{
    const char *start = reader->at;
    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
        reader->at++;
    return (size_t)(reader->at - start);
}

/* Whoever reads it later must be able to: whole numbers within 64 bits, others within a double. */
static bool fits(const char *start, size_t len, bool whole)
{
    char digits[NUMBER_MAX + 1];
    if (len > NUMBER_MAX)
        return false;
    memcpy(digits, start, len);
    digits[len] = '\0';
    errno = 0;
    if (!whole)
        return isfinite(strtod(digits, NULL));
    (void)strtoll(digits, NULL, 10);
    return errno == 0;
}

static bool number_form(struct reader *reader, bool *ret_whole)
{
    literal(reader, "-");
    bool zero = next_is(reader, '0');
    size_t whole = digits(reader);
    if (whole == 0 || (zero && whole > 1))
        return false;
    const char *end = reader->at;
    if (literal(reader, ".") && digits(reader) == 0)
        return false;
    if (literal(reader, "e") || literal(reader, "E")) {
        if (!literal(reader, "+"))
            literal(reader, "-");
        if (digits(reader) == 0)
            return false;
    }
    *ret_whole = reader->at == end;
    return true;
}

static bool number(struct reader *reader)
{
    const char *start = reader->at;
    bool whole = false;
    return number_form(reader, &whole) && fits(start, (size_t)(reader->at - start), whole);
}

/* Only the escapes that a writer of UTF-8 needs; \u0000 and halves of pairs have no place. */
static bool escape(struct reader *reader)
{
    if (reader->at < reader->end && strchr("\"\\/bfnrt", *reader->at) && *reader->at) {
        reader->at++;
        return true;
    }
    if (!literal(reader, "u00") || reader->end - reader->at < 2)
        return false;
    const char *hex = "0123456789abcdef";
    const char *high = *reader->at ? strchr(hex, reader->at[0]) : NULL;
    const char *low = reader->at[1] ? strchr(hex, reader->at[1]) : NULL;
    reader->at += 2;
    return high && low && (high != hex || low != hex);
}

static bool text(struct reader *reader)
{
    if (!literal(reader, "\""))
        return false;
    while (reader->at < reader->end) {
        char now = *reader->at++;
        if (now == '"')
            return true;
        if ((unsigned char)now < 0x20 || (now == '\\' && !escape(reader)))
            return false;
    }
    return false;
}

static bool cell(struct reader *reader)
{
    if (next_is(reader, '"'))
        return text(reader);
    return literal(reader, "null") || literal(reader, "true") || literal(reader, "false") ||
           number(reader);
}

static bool column(struct reader *reader)
{
    return literal(reader, "{\"name\":") && text(reader) && literal(reader, ",\"type\":\"") &&
           (literal(reader, "number") || literal(reader, "text") || literal(reader, "boolean") ||
            literal(reader, "time")) &&
           literal(reader, "\"}");
}

static bool row(struct reader *reader, size_t width)
{
    if (!literal(reader, "["))
        return false;
    for (size_t i = 0; i < width; i++)
        if ((i > 0 && !literal(reader, ",")) || !cell(reader))
            return false;
    return literal(reader, "]");
}

bool item_table_valid(struct bytes json)
{
    struct reader reader = {json.data, (const char *)json.data + json.len};
    size_t width = 0;
    if (!item_text_valid(json) || !literal(&reader, "{\"columns\":["))
        return false;
    while (!literal(&reader, "]")) {
        if ((width > 0 && !literal(&reader, ",")) || !column(&reader))
            return false;
        width++;
    }
    if (!literal(&reader, ",\"rows\":["))
        return false;
    for (size_t rows = 0; !literal(&reader, "]"); rows++)
        if ((rows > 0 && !literal(&reader, ",")) || !row(&reader, width))
            return false;
    if (!literal(&reader, ",\"total_rows\":"))
        return false;
    bool zero = next_is(&reader, '0');
    size_t total = digits(&reader);
    return total > 0 && total <= (zero ? 1 : 15) && literal(&reader, "}") &&
           reader.at == reader.end;
}
