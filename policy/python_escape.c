#include "policy/python_escape.h"

#include <stdlib.h>

void python_add_character(struct buffer *out, unsigned long value)
{
    char text[4];
    size_t len = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (value == 0 || value > 0x10ffff)
        return;
    for (size_t i = len; i-- > 1; value >>= 6)
        text[i] = (char)(0x80 | (value & 0x3f));
    text[0] = (char)(heads[len] | value);
    buffer_add(out, text, len);
}

/* One escape sequence, after its backslash. Returns how many bytes it took. */
static size_t add_escape(struct buffer *out, const char *at, size_t len)
{
    static const char plain[] = "n\nt\tr\ra\ab\bf\fv\v";
    static const struct {
        char letter;
        size_t digits;
    } coded[] = {{'x', 2}, {'u', 4}, {'U', 8}};
    char digits[9] = "";
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(coded) && len; i++)
        if (at[0] == coded[i].letter) {
            for (; count < coded[i].digits && count + 1 < len; count++)
                digits[count] = at[count + 1];
            python_add_character(out, strtoul(digits, NULL, 16));
            return count + 1;
        }
    while (count < 3 && count < len && at[count] >= '0' && at[count] <= '7')
        digits[count] = at[count], count++;
    if (count) {
        python_add_character(out, strtoul(digits, NULL, 8));
        return count;
    }
    for (size_t i = 0; len && i + 1 < sizeof plain; i += 2)
        if (at[0] == plain[i]) {
            buffer_add(out, plain + i + 1, 1);
            return 1;
        }
    if (len && at[0] != '\n')
        buffer_add(out, at, 1);
    return len ? 1 : 0;
}

void python_add_content(struct buffer *out, struct bytes content, bool raw)
{
    const char *text = content.data;
    for (size_t i = 0; i < content.len;) {
        if (text[i] == '\\' && !raw) {
            i++;
            i += add_escape(out, text + i, content.len - i);
        } else {
            buffer_add(out, text + i++, 1);
        }
    }
}
