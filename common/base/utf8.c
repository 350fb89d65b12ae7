#include "common/base/utf8.h"

int32_t utf8_next(const unsigned char **io_at, const unsigned char *end)
{
    static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (*io_at)++;
    if (*at < 0x80)
        return *at;
    int len = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : *at >= 0xc2 ? 2 : 0;
    if (len == 0 || *at > 0xf4 || end - at < len)
        return -1;
    int32_t value = *at & (0xff >> (len + 1));
    for (int i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return -1;
        value = value << 6 | (at[i] & 0x3f);
    }
    if (value < least[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return -1;
    *io_at = at + len;
    return value;
}
