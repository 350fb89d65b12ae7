/* Borrowed spans of bytes, growable buffers, and the cleanup attribute. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* AUTO(buffer) struct buffer b = {0}; frees b at the end of its scope.
 * Every such type has a `type_auto` function that accepts an empty value. */
#define AUTO(type) __attribute__((cleanup(type##_auto)))

/* Hands over a pointer that AUTO would otherwise free. */
#define TAKE(pointer)                                                                              \
    ({                                                                                             \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Borrowed: says nothing about who frees it. */
struct bytes {
    const void *data;
    size_t len;
};

struct bytes bytes_of(const char *text); /* NULL gives {NULL, 0} */
bool bytes_equal(struct bytes a, struct bytes b);

/* Owned and growable. {0} is a valid empty buffer. The data is always
 * followed by a NUL that `len` does not count. */
struct buffer {
    char *data;
    size_t len;
    size_t cap;
};

void buffer_auto(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* keeps the memory */
/* Aborts the process when memory is exhausted: there is no safe way on. */
void buffer_add(struct buffer *buffer, const void *data, size_t len);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_u32be(struct buffer *buffer, uint32_t value);
void buffer_add_u64be(struct buffer *buffer, uint64_t value);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct bytes buffer_bytes(const struct buffer *buffer);

/* Says that there is no memory, and aborts. */
_Noreturn void memory_none(void);
/* Memory that must be there: both abort when it is not. */
void *memory_new(size_t count, size_t size); /* zeroed; caller frees */
char *memory_text(const char *text);         /* copy; caller frees; NULL gives NULL */
void text_auto(char **text);                 /* AUTO(text) char *s = NULL; */

void hex_encode(const uint8_t *data, size_t len, char *ret_text); /* ret_text: 2 * len + 1 */
bool hex_decode(const char *text, uint8_t *ret_data, size_t len); /* exactly 2 * len digits */
