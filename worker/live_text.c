#include "worker/live_text.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void live_text_auto(struct live_text *text)
{
    buffer_auto(&text->bytes);
}

bool live_text_is_empty(const struct live_text *text)
{
    return text->bytes.len == 0;
}

/* Smallest and largest second byte that may follow a first one, and how many follow. */
static const struct lead {
    uint8_t first, last, low, high, more;
} leads[] = {
    {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2},
    {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3},
    {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
};

static const struct lead *lead_of(uint8_t byte)
{
    for (size_t i = 0; i < COUNT_OF(leads); i++)
        if (byte >= leads[i].first && byte <= leads[i].last)
            return &leads[i];
    return NULL;
}

/* How long the character at `data` is: 0 when its end has not come yet, -1 when it is none. */
static int character_length(const uint8_t *data, size_t len)
{
    if (data[0] < 0x80)
        return data[0] == 0 ? -1 : 1; /* JSON readers refuse NUL */
    const struct lead *lead = lead_of(data[0]);
    if (!lead || (len > 1 && (data[1] < lead->low || data[1] > lead->high)))
        return -1;
    for (size_t i = 2; i <= lead->more && i < len; i++)
        if ((data[i] & 0xc0) != 0x80)
            return -1;
    return len > lead->more ? lead->more + 1 : 0;
}

/* Appends whole characters; returns how many bytes at the end wait for more. */
static size_t add_characters(struct buffer *out, const uint8_t *data, size_t len)
{
    size_t at = 0;
    while (at < len) {
        int count = character_length(data + at, len - at);
        if (count == 0)
            break;
        if (count > 0)
            buffer_add(out, data + at, (size_t)count);
        else
            buffer_add_text(out, REPLACEMENT);
        at += count > 0 ? (size_t)count : 1;
    }
    return len - at;
}

static void drop_front(struct live_text *text, size_t len)
{
    struct buffer *bytes = &text->bytes;
    if (len == 0)
        return;
    text->dropped += (int64_t)len;
    bytes->len -= len;
    memmove(bytes->data, bytes->data + len, bytes->len + 1);
    size_t gone = 0;
    while (gone < text->span_count && text->spans[gone].len <= len)
        len -= text->spans[gone++].len;
    text->span_count -= gone;
    memmove(text->spans, text->spans + gone, text->span_count * sizeof *text->spans);
    if (len > 0)
        text->spans[0].len -= (uint32_t)len;
}

/* From `at` on to where a character begins. */
static size_t next_character(const char *data, size_t len, size_t at)
{
    while (at < len && ((uint8_t)data[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static void drop_oldest(struct live_text *text)
{
    const struct buffer *bytes = &text->bytes;
    if (bytes->len > 2 * LIVE_KEEP)
        drop_front(text, next_character(bytes->data, bytes->len, bytes->len - LIVE_KEEP));
    if (text->span_count < LIVE_SPANS)
        return;
    size_t len = 0;
    for (size_t i = 0; i < LIVE_SPANS / 2; i++)
        len += text->spans[i].len;
    drop_front(text, len);
}

static void add_span(struct live_text *text, enum sandbox_stream stream, size_t len)
{
    size_t count = text->span_count;
    if (len == 0)
        return;
    if (count > 0 && text->spans[count - 1].stream == stream)
        text->spans[count - 1].len += (uint32_t)len;
    else
        text->spans[text->span_count++] = (struct live_span){stream, (uint32_t)len};
    drop_oldest(text);
}

/* Only the end of a flood is worth the work of cleaning it. */
static struct bytes skip_flood(struct live_text *text, struct live_start *start, struct bytes chunk)
{
    if (chunk.len <= LIVE_KEEP)
        return chunk;
    size_t skip = next_character(chunk.data, chunk.len, chunk.len - LIVE_KEEP);
    drop_front(text, text->bytes.len);
    text->dropped += (int64_t)(start->len + skip);
    start->len = 0;
    return (struct bytes){(const char *)chunk.data + skip, chunk.len - skip};
}

void live_text_add(struct live_text *text, enum sandbox_stream stream, struct bytes chunk)
{
    struct live_start *start = &text->starts[stream];
    AUTO(buffer) struct buffer joined = {0};
    chunk = skip_flood(text, start, chunk);
    if (start->len > 0) {
        buffer_add(&joined, start->bytes, start->len);
        buffer_add(&joined, chunk.data, chunk.len);
        chunk = buffer_bytes(&joined);
    }
    size_t before = text->bytes.len;
    start->len = add_characters(&text->bytes, chunk.data, chunk.len);
    memcpy(start->bytes, (const char *)chunk.data + chunk.len - start->len, start->len);
    add_span(text, stream, text->bytes.len - before);
}

void live_text_end(struct live_text *text)
{
    for (size_t i = 0; i < COUNT_OF(text->starts); i++) {
        if (text->starts[i].len == 0)
            continue;
        buffer_add_text(&text->bytes, REPLACEMENT);
        text->starts[i].len = 0;
        add_span(text, (enum sandbox_stream)i, strlen(REPLACEMENT));
    }
}

bool live_text_take(struct live_text *text, struct live_piece *ret_piece)
{
    const struct buffer *bytes = &text->bytes;
    if (bytes->len == 0)
        return false;
    size_t len = text->spans[0].len;
    if (len > LIVE_PIECE) {
        len = LIVE_PIECE;
        while (((uint8_t)bytes->data[len] & 0xc0) == 0x80)
            len--;
    }
    ret_piece->stream = text->spans[0].stream;
    ret_piece->dropped = text->dropped;
    ret_piece->len = len;
    memcpy(ret_piece->text, bytes->data, len);
    drop_front(text, len);
    text->dropped = 0;
    if (bytes->len == 0)
        buffer_auto(&text->bytes); /* most runs are quiet most of the time */
    return true;
}
