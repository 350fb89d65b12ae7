#include "common/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bytes bytes_of(const char *text)
{
    return (struct bytes){text, text ? strlen(text) : 0};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

void buffer_auto(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

static void buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t need = buffer->len + more + 1;
    if (need <= buffer->cap)
        return;
    size_t cap = buffer->cap ? buffer->cap : 64;
    while (cap < need)
        cap *= 2;
    char *data = realloc(buffer->data, cap);
    if (!data)
        memory_none();
    buffer->data = data;
    buffer->cap = cap;
}

void buffer_add(struct buffer *buffer, const void *data, size_t len)
{
    buffer_reserve(buffer, len);
    if (len)
        memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_u32be(struct buffer *buffer, uint32_t value)
{
    const uint8_t raw[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                            (uint8_t)value};
    buffer_add(buffer, raw, sizeof raw);
}

void buffer_add_u64be(struct buffer *buffer, uint64_t value)
{
    buffer_add_u32be(buffer, (uint32_t)(value >> 32));
    buffer_add_u32be(buffer, (uint32_t)value);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len > 0) {
        buffer_reserve(buffer, (size_t)len);
        vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
}

struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){buffer->data, buffer->len};
}

/* A line of the log that needs no memory itself. */
_Noreturn void memory_none(void)
{
    static const char line[] = "{\"level\":\"error\",\"event\":\"memory.none\"}\n";
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0) {
        /* There is nowhere else to say it. */
    }
    abort();
}

void *memory_new(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        memory_none();
    return memory;
}

char *memory_text(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        memory_none();
    return copy;
}

void text_auto(char **text)
{
    free(*text);
    *text = NULL;
}

void hex_encode(const uint8_t *data, size_t len, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        ret_text[2 * i] = digits[data[i] >> 4];
        ret_text[2 * i + 1] = digits[data[i] & 15];
    }
    ret_text[2 * len] = '\0';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

bool hex_decode(const char *text, uint8_t *ret_data, size_t len)
{
    if (strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_value(text[2 * i]);
        int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_data[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
