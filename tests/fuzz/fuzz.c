#include "tests/fuzz/fuzz.h"

#include <stdio.h>

void fuzz_found(const char *file, int line, const char *claim)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

uint8_t fuzz_byte(struct fuzz *fuzz)
{
    return fuzz->at < fuzz->end ? *fuzz->at++ : 0;
}

int64_t fuzz_integer(struct fuzz *fuzz)
{
    static const int64_t edges[] = {0,         1,         -1,        255,       65535,
                                    INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 9007199254740993};
    uint8_t kind = fuzz_byte(fuzz);
    if (kind < COUNT_OF(edges))
        return edges[kind];
    uint64_t value = 0;
    for (int i = 0; i < kind % 9; i++)
        value = value << 8 | fuzz_byte(fuzz);
    return (int64_t)value;
}

struct bytes fuzz_line(struct fuzz *fuzz)
{
    const uint8_t *start = fuzz->at;
    size_t left = (size_t)(fuzz->end - start);
    const uint8_t *newline = left ? memchr(start, '\n', left) : NULL;
    fuzz->at = newline ? newline + 1 : fuzz->end;
    return (struct bytes){start, (size_t)((newline ? newline : fuzz->end) - start)};
}

struct bytes fuzz_rest(struct fuzz *fuzz)
{
    struct bytes rest = {fuzz->at, (size_t)(fuzz->end - fuzz->at)};
    fuzz->at = fuzz->end;
    return rest;
}

struct bytes fuzz_some(struct fuzz *fuzz, size_t most)
{
    size_t len = fuzz_byte(fuzz), left = (size_t)(fuzz->end - fuzz->at);
    len = len < most ? len : most;
    len = len < left ? len : left;
    struct bytes some = {fuzz->at, len};
    fuzz->at += len;
    return some;
}

char *fuzz_text(struct bytes bytes)
{
    size_t len = 0;
    while (len < bytes.len && ((const char *)bytes.data)[len])
        len++;
    char *text = memory_new(len + 1, 1);
    if (len)
        memcpy(text, bytes.data, len);
    return text;
}

char *fuzz_copy(struct bytes bytes)
{
    char *copy = memory_new(bytes.len, 1);
    if (bytes.len)
        memcpy(copy, bytes.data, bytes.len);
    return copy;
}

size_t fuzz_piece(uint8_t *io_cut, size_t left)
{
    *io_cut = (uint8_t)((*io_cut * 5 + 3) | 1);
    size_t len = 1 + (*io_cut >> 2);
    return len < left ? len : left;
}

/* By the value it stands for, not by its bytes. */
size_t fuzz_character(const uint8_t *at, size_t left)
{
    static const struct {
        uint8_t mask, head;
        uint32_t least;
    } forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t n = 0; n < COUNT_OF(forms) && n < left; n++) {
        if ((at[0] & forms[n].mask) != forms[n].head)
            continue;
        uint32_t value = at[0] & (uint8_t)~forms[n].mask;
        for (size_t i = 1; i <= n; i++) {
            if (at[i] >> 6 != 2)
                return 0;
            value = value << 6 | (at[i] & 0x3f);
        }
        bool half = value >> 11 == 0x1b;
        return value < forms[n].least || value > 0x10ffff || half ? 0 : n + 1;
    }
    return 0;
}

bool fuzz_is_utf8(struct bytes text)
{
    const uint8_t *at = text.data;
    for (size_t i = 0, len; i < text.len; i += len)
        if ((len = fuzz_character(at + i, text.len - i)) == 0)
            return false;
    return true;
}
