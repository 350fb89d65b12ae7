/* One cookie out of a header. Input: its name on a line, the room for its value (one byte), the
 * header. */
#include "api/http/cookie.h"
#include "tests/fuzz/fuzz.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A second reading: pair by pair, trimmed on both sides. Gives how often the name is there. */
static size_t count_of(const char *header, const char *name, struct bytes *ret_value)
{
    size_t count = 0, name_len = strlen(name);
    for (const char *at = header; *at;) {
        const char *end = at + strcspn(at, ";"), *next = *end ? end + 1 : end;
        while (at > header && at < end && is_blank(*at))
            at++;
        while (end > at && is_blank(end[-1]))
            end--;
        const char *equals = memchr(at, '=', (size_t)(end - at));
        if (equals && (size_t)(equals - at) == name_len && memcmp(at, name, name_len) == 0) {
            if (++count == 1)
                *ret_value = (struct bytes){equals + 1, (size_t)(end - equals - 1)};
        }
        at = next;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    AUTO(text) char *name = fuzz_text(fuzz_line(&fuzz));
    size_t room = 1 + fuzz_byte(&fuzz);
    AUTO(text) char *header = fuzz_text(fuzz_rest(&fuzz));
    AUTO(text) char *value = memory_new(room, 1);
    struct error err = {0};
    struct bytes expected = {NULL, 0};
    if (!name[0] || strpbrk(name, "=; \t"))
        return 0; /* the name is ours, and none of these is in it */
    size_t count = count_of(header, name, &expected);
    bool fine = cookie_read(header, name, value, room, &err);
    CLAIM(fine == (count == 0 || (count == 1 && expected.len < room)));
    CLAIM(fine || err.code == ERR_BAD_REQUEST);
    CLAIM(!fine || bytes_equal(bytes_of(value), expected));
    return 0;
}
