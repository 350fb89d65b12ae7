#include "admin/shown.h"

#include <string.h>

#include "common/domain/code.h"

char *shown_text(const char *text)
{
    struct buffer out = {0};
    const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
    buffer_add_text(&out, "");
    while (at < end) {
        const unsigned char *from = at;
        int32_t character = utf8_next(&at, end);
        if (character >= 0x80 && code_refuses(character))
            buffer_printf(&out, "<U+%04X>", (unsigned)character);
        else if ((character >= 0 && character < ' ') || character == 0x7f)
            buffer_add_text(&out, " ");
        else
            buffer_add(&out, from, (size_t)(at - from));
    }
    return out.data;
}

size_t shown_width(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}
