/* What a run prints, made into pieces for people who watch. Input: pieces, each with a byte for
 * its stream and a length. What is shown is the text itself, with a sign for each byte that is
 * none. */
#include "tests/fuzz/fuzz.h"
#include "worker/live_text.h"

#define SIGN "\xef\xbf\xbd"

/* All of a stream that came, with signs: a byte that begins no character is one. */
static void clean(struct bytes text, struct buffer *out)
{
    const uint8_t *at = text.data;
    for (size_t i = 0; i < text.len;) {
        size_t len = at[i] ? fuzz_character(at + i, text.len - i) : 0;
        if (len)
            buffer_add(out, at + i, len);
        else
            buffer_add_text(out, SIGN);
        i += len ? len : 1;
    }
}

static void take_all(struct live_text *text, struct buffer shown[2])
{
    static struct live_piece piece; /* too large for a stack */
    while (live_text_take(text, &piece)) {
        CLAIM(piece.len > 0 && piece.len <= LIVE_PIECE && piece.dropped == 0);
        CLAIM(fuzz_is_utf8((struct bytes){piece.text, piece.len}));
        CLAIM(!memchr(piece.text, 0, piece.len));
        buffer_add(&shown[piece.stream], piece.text, piece.len);
    }
    CLAIM(live_text_is_empty(text) && text->span_count == 0);
}

/* A character that never ended is one sign, or one for each of its bytes. */
static bool shows(struct bytes shown, struct bytes expected)
{
    size_t head = shown.len < expected.len ? shown.len : expected.len;
    while (head >= 3 && memcmp((const char *)shown.data + head - 3, SIGN, 3) == 0)
        head -= 3;
    if (expected.len - head > 9 + 3 * (expected.len / 3))
        return false;
    return shown.len <= expected.len && (head == 0 || memcmp(shown.data, expected.data, head) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    struct live_text text = {0};
    struct buffer came[2] = {{0}}, shown[2] = {{0}};
    if (size > LIVE_KEEP)
        return 0; /* from there on the oldest goes */
    for (int count = 0; fuzz.at < fuzz.end && count < LIVE_SPANS - 1; count++) {
        uint8_t way = fuzz_byte(&fuzz);
        struct bytes piece = fuzz_some(&fuzz, 255);
        AUTO(text) char *copy = fuzz_copy(piece);
        if (piece.len == 0)
            continue;
        live_text_add(&text, way & 1 ? SANDBOX_STDERR : SANDBOX_STDOUT,
                      (struct bytes){copy, piece.len});
        buffer_add(&came[way & 1], copy, piece.len);
        if (way & 2)
            take_all(&text, shown);
    }
    live_text_end(&text);
    take_all(&text, shown);
    for (int i = 0; i < 2; i++) {
        AUTO(buffer) struct buffer expected = {0};
        clean(buffer_bytes(&came[i]), &expected);
        CLAIM(shows(buffer_bytes(&shown[i]), buffer_bytes(&expected)));
        buffer_auto(&came[i]);
        buffer_auto(&shown[i]);
    }
    live_text_auto(&text);
    return 0;
}
