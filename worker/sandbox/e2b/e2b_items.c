#include "worker/sandbox/e2b/e2b_items.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/fault.h"
#include "worker/sandbox/item.h"

#define NOTES_MAX 20
#define TEXT_CHARACTERS 16384

void e2b_items_stream(struct e2b_items *items, enum sandbox_stream stream, struct bytes text)
{
    int64_t room = items->limits.output_bytes - items->output_bytes;
    if (items->output_over || items->sink_failed)
        return;
    if ((int64_t)text.len > room) {
        FAULT("worker.run.output_cap");
        items->output_over = true;
        text.len = room > 0 ? (size_t)room : 0;
    }
    items->output_bytes += (int64_t)text.len;
    if (text.len > 0 && !items->sink->stream(items->sink->context, stream, text))
        items->sink_failed = true;
}

void e2b_items_note(struct e2b_items *items, const char *format, ...)
{
    char text[320];
    va_list args;
    if (items->sink_failed || items->notes++ >= NOTES_MAX)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    AUTO(buffer) struct buffer line = {0};
    buffer_printf(&line, "countersign: %s\n", text);
    if (!items->sink->stream(items->sink->context, SANDBOX_STDERR, buffer_bytes(&line)))
        items->sink_failed = true;
}

void e2b_items_add(struct e2b_items *items, const char *kind, const char *name, struct bytes body)
{
    struct item item;
    if (items->sink_failed)
        return;
    if ((int64_t)body.len > items->limits.file_bytes) {
        e2b_items_note(items, "%.200s has %zu bytes and was not handed back (limit %" PRId64 ")",
                       *name ? name : kind, body.len, items->limits.file_bytes);
    } else if (items->count >= items->limits.files) {
        items->left_out++;
    } else if (!item_check(kind, name, body, &item)) {
        e2b_items_note(items, "a %s that makes no sense was not handed back", kind);
    } else {
        items->count++;
        if (!item_deliver(&item, items->sink))
            items->sink_failed = true;
    }
}

/* Where the character number `count` begins; from the end when it is negative. */
static size_t place_of(struct bytes text, int64_t count)
{
    const char *data = text.data;
    size_t at = count < 0 ? text.len : 0;
    for (; count > 0 && at < text.len; count--)
        do
            at++;
        while (at < text.len && ((uint8_t)data[at] & 0xc0) == 0x80);
    for (; count < 0 && at > 0; count++)
        do
            at--;
        while (at > 0 && ((uint8_t)data[at] & 0xc0) == 0x80);
    return at;
}

static void add_without_nul(struct buffer *buffer, struct bytes text)
{
    const char *at = text.data, *end = text.len ? at + text.len : at;
    while (at < end) {
        const char *nul = memchr(at, '\0', (size_t)(end - at));
        buffer_add(buffer, at, (size_t)((nul ? nul : end) - at));
        if (nul)
            buffer_add_text(buffer, "\xef\xbf\xbd");
        at = nul ? nul + 1 : end;
    }
}

void e2b_items_text(struct e2b_items *items, const char *kind, struct bytes text)
{
    AUTO(buffer) struct buffer body = {0};
    struct item item;
    if (items->sink_failed || items->texts >= RESULTS_TEXTS)
        return;
    if (place_of(text, TEXT_CHARACTERS) < text.len) {
        size_t head = place_of(text, TEXT_CHARACTERS / 2);
        size_t tail = place_of(text, -TEXT_CHARACTERS / 2);
        add_without_nul(&body, (struct bytes){text.data, head});
        buffer_add_text(&body, "\n… shortened …\n");
        add_without_nul(&body, (struct bytes){(const char *)text.data + tail, text.len - tail});
    } else {
        add_without_nul(&body, text);
    }
    if (!item_check(kind, "", buffer_bytes(&body), &item))
        return;
    items->texts++;
    if (!item_deliver(&item, items->sink))
        items->sink_failed = true;
}

void e2b_items_close(struct e2b_items *items)
{
    items->notes = 0; /* this one is always said */
    if (items->left_out > 0)
        e2b_items_note(items,
                       "%" PRId64 " more were made but not handed back: the limit of this run is "
                       "reached",
                       items->left_out);
}

void e2b_text_copy(struct bytes text, char *ret_text, size_t size)
{
    AUTO(buffer) struct buffer clean = {0};
    add_without_nul(&clean, text);
    size_t len = clean.len;
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((uint8_t)clean.data[len] & 0xc0) == 0x80)
            len--;
    }
    if (len > 0)
        memcpy(ret_text, clean.data, len);
    ret_text[len] = '\0';
}

static int base64_value(char digit)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = digit ? strchr(digits, digit) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool e2b_base64(struct bytes text, struct buffer *ret_data)
{
    AUTO(buffer) struct buffer data = {0};
    const char *digits = text.data;
    uint32_t bits = 0;
    size_t count = 0, padding = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (digits[i] == '=')
            padding++;
        if (digits[i] == '=' || strchr(" \r\n\t", digits[i]))
            continue;
        int value = base64_value(digits[i]);
        if (value < 0 || padding > 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        count++;
        if (count % 4 != 1) {
            const uint8_t byte = (uint8_t)(bits >> (6 - 2 * ((count + 3) % 4)));
            buffer_add(&data, &byte, 1);
        }
    }
    if (count % 4 == 1 || padding > 2)
        return false;
    *ret_data = data;
    data = (struct buffer){0};
    return true;
}

struct bytes e2b_string(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return (struct bytes){json_string_value(value), json_string_length(value)};
}
