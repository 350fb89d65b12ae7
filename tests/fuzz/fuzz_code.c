/* The one form of code, and the lesser ones of texts and file names. Input: the limits (two
 * bytes), then the text. */
#include "common/domain/code.h"
#include "tests/fuzz/fuzz.h"
#include "worker/attempt.h"
#include "worker/sandbox/frame.h"

/* What must never reach a reviewer's eyes as code; our table holds more than this. */
static const struct {
    uint32_t first, last;
} never[] = {
    {0, 8},           {0x0b, 0x1f},     {0x7f, 0x9f},       {0xad, 0xad},
    {0x61c, 0x61c},   {0x200b, 0x200c}, {0x200e, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f}, {0xe000, 0xf8ff}, {0xfdd0, 0xfdef},   {0xfe00, 0xfe0d},
    {0xfeff, 0xfeff}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
};

static uint32_t value_of(const uint8_t *at, size_t len)
{
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t value = at[0] & masks[len];
    for (size_t i = 1; i < len; i++)
        value = value << 6 | (at[i] & 0x3f);
    return value;
}

static bool has_never(struct bytes text, bool only_bidi)
{
    const uint8_t *at = text.data;
    for (size_t i = 0, len; i < text.len; i += len) {
        len = fuzz_character(at + i, text.len - i);
        CLAIM(len > 0);
        uint32_t value = value_of(at + i, len);
        if (only_bidi && ((value >= 0x202a && value <= 0x202e) || value == 0 || value == 0x1b))
            return true;
        for (size_t n = 0; n < COUNT_OF(never) && !only_bidi; n++)
            if (value >= never[n].first && value <= never[n].last)
                return true;
    }
    return false;
}

/* What only an emoji may be made of stands behind something that can be seen. */
static bool has_loose_joint(struct bytes text)
{
    const uint8_t *at = text.data;
    uint32_t before = ' ';
    for (size_t i = 0, len; i < text.len; i += len) {
        len = fuzz_character(at + i, text.len - i);
        uint32_t value = value_of(at + i, len);
        bool joint = value == 0x200d || value == 0xfe0e || value == 0xfe0f;
        bool keycap = text.len - i >= len + 3 && memcmp(at + i + len, "\xe2\x83\xa3", 3) == 0;
        if (joint && before < 0x80 && !keycap)
            return true;
        before = value;
    }
    return false;
}

/* As CPython's tokenizer looks for it, in one of the first two lines: the first
 * coding[:=]name behind a # that only blanks precede. */
static bool line_names_coding(const char *line, size_t len, char ret_name[16])
{
    size_t at = 0;
    while (at < len && strchr(" \t", line[at]) && line[at])
        at++;
    if (at == len || line[at] != '#')
        return false;
    for (; at + 6 < len; at++) {
        if (memcmp(line + at, "coding", 6) != 0 || (line[at + 6] != ':' && line[at + 6] != '='))
            continue;
        size_t name = at + 7, n = 0;
        while (name < len && (line[name] == ' ' || line[name] == '\t'))
            name++;
        for (; name < len && n < 15; name++, n++) {
            char c = line[name];
            bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
            if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
                break;
            ret_name[n] = (char)(c == '_' ? '-' : letter ? c | 0x20 : c);
        }
        ret_name[n] = '\0';
        if (n > 0)
            return true;
    }
    return false;
}

static void check_coding(struct bytes code)
{
    const char *line = code.data, *end = line + code.len;
    for (int number = 0; number < 2 && line < end; number++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t len = (size_t)((stop ? stop : end) - line);
        char name[16];
        if (line_names_coding(line, len, name))
            CLAIM(strcmp(name, "utf-8") == 0 || strcmp(name, "utf8") == 0);
        line = stop ? stop + 1 : end;
    }
}

static void check_accepted(struct bytes code, const struct code_limits *limits)
{
    struct error err = {0};
    int64_t lines = code.len > 0 && ((const char *)code.data)[code.len - 1] != '\n';
    for (size_t i = 0; i < code.len; i++)
        lines += ((const char *)code.data)[i] == '\n';
    CLAIM((int64_t)code.len <= limits->bytes && lines <= limits->lines);
    CLAIM(fuzz_is_utf8(code) && !has_never(code, false) && !has_loose_joint(code));
    CLAIM(text_check(code, TEXT_LINES, "question", &err)); /* which is the lesser rule */
    if (code.len)
        check_coding(code);
    /* The beginning of good code, up to a line's end, is good code. */
    const char *last = code.len ? memrchr(code.data, '\n', code.len) : NULL;
    struct bytes head = {code.data, last ? (size_t)(last + 1 - (const char *)code.data) : 0};
    CLAIM(code_check(head, limits, &err));
}

/* What one gate lets through, the next ones on the way into a sandbox do. */
static void check_name(struct bytes text)
{
    AUTO(text) char *name = fuzz_text(text);
    struct error err = {0};
    if (!file_name_check(name, &err)) {
        CLAIM(err.code == ERR_INVALID_FIELD && strcmp(err.field, "name") == 0);
        return;
    }
    CLAIM(frame_name_plain(name) && attempt_name_is_plain(name));
    CLAIM(fuzz_is_utf8(bytes_of(name)) && strlen(name) <= 255 && !has_never(bytes_of(name), false));
    CLAIM(!strstr(name, "\xe2\x80\x8d") && !strstr(name, "\xef\xb8\x8f"));
    CLAIM(!strpbrk(name, "/\\\n\t") && name[0] != '.' && name[0] != '-');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    struct code_limits limits = {16 * fuzz_byte(&fuzz), fuzz_byte(&fuzz)};
    struct bytes rest = fuzz_rest(&fuzz);
    AUTO(text) char *text = fuzz_copy(rest);
    struct bytes code = {text, rest.len};
    struct error err = {0};
    if (code_check(code, &limits, &err))
        check_accepted(code, &limits);
    else
        CLAIM((err.code == ERR_NOT_ACCEPTABLE || err.code == ERR_INVALID_FIELD) &&
              strcmp(err.field, "code") == 0);
    if (text_check(code, TEXT_LINE, "title", &err))
        CLAIM(fuzz_is_utf8(code) && !has_never(code, true) &&
              (!code.len || !memchr(text, '\n', code.len)));
    check_name(code);
    return 0;
}
