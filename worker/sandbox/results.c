#include "worker/sandbox/results.h"

#include <stdlib.h>
#include <string.h>

#include "worker/sandbox/item.h"

#define HEAD_SIZE 13 /* kind, 4 bytes of meta length, 8 of body length */
#define FIELDS_MAX 3

struct field {
    const char *data;
    size_t len;
};

/* One complete frame, borrowed from the pending bytes. */
struct result_frame {
    char kind;
    struct field fields[FIELDS_MAX];
    size_t field_count;
    struct bytes body;
    struct bytes digested; /* what its digest covers of it */
};

static uint64_t number_of(const char *data, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | (uint8_t)data[i];
    return value;
}

static bool split_fields(struct bytes meta, struct result_frame *ret_frame)
{
    const char *at = meta.data, *end = at + meta.len;
    ret_frame->field_count = 0;
    while (at < end) {
        if (end - at < 4 || ret_frame->field_count == FIELDS_MAX)
            return false;
        uint64_t len = number_of(at, 4);
        at += 4;
        if (len > (uint64_t)(end - at))
            return false;
        ret_frame->fields[ret_frame->field_count++] = (struct field){at, (size_t)len};
        at += len;
    }
    return true;
}

/* Copies a field as text that is valid and short enough, cut between characters. */
static void copy_text(struct field field, char *ret_text, size_t size)
{
    size_t len = field.len < size - 1 ? field.len : size - 1;
    while (len > 0 && len < field.len && ((uint8_t)field.data[len] & 0xc0) == 0x80)
        len--;
    if (!item_text_valid((struct bytes){field.data, len}))
        len = 0;
    memcpy(ret_text, field.data, len);
    ret_text[len] = '\0';
}

static bool take_end(struct results *results, const struct result_frame *frame)
{
    uint8_t digest[SHA256_SIZE];
    struct sha256 sha = results->sha;
    sha256_end(&sha, digest);
    if (frame->field_count != 3 || frame->body.len != sizeof digest ||
        memcmp(digest, frame->body.data, sizeof digest) != 0)
        return false;
    char code[8];
    copy_text(frame->fields[0], code, sizeof code);
    char *rest;
    long value = strtol(code, &rest, 10);
    if (!code[0] || *rest || value < 0 || value > 255)
        return false;
    results->end.exit_code = (int)value;
    copy_text(frame->fields[1], results->end.error_name, sizeof results->end.error_name);
    copy_text(frame->fields[2], results->end.error_value, sizeof results->end.error_value);
    results->state = RESULTS_ENDED;
    return true;
}

static bool take_item(struct results *results, const struct result_frame *frame,
                      const struct sandbox_sink *sink)
{
    char kind[16], name[256];
    if (results->state != RESULTS_STARTED || frame->field_count != 2 ||
        frame->fields[1].len >= sizeof name)
        return false;
    copy_text(frame->fields[0], kind, sizeof kind);
    copy_text(frame->fields[1], name, sizeof name);
    struct item item;
    if (!item_check(kind, name, frame->body, &item))
        return false;
    int64_t *count = item.counts ? &results->items : &results->texts;
    int64_t most = item.counts ? results->limits.files : RESULTS_TEXTS;
    if (++*count > most || (!item.counts && frame->body.len > RESULTS_TEXT_LIMIT))
        return false;
    if (!item_deliver(&item, sink))
        results->sink_failed = true;
    return true;
}

static bool take_frame(struct results *results, const struct result_frame *frame,
                       const struct sandbox_sink *sink)
{
    switch (frame->kind) {
    case 'R':
        if (results->state != RESULTS_WAITING)
            return false;
        results->state = RESULTS_READY;
        sha256_start(&results->sha); /* it tells of the sandbox, not of the job */
        return frame->field_count == 0 && frame->body.len == 0;
    case 'S':
        if (results->state != RESULTS_WAITING && results->state != RESULTS_READY)
            return false;
        results->state = RESULTS_STARTED;
        return frame->field_count == 0 && frame->body.len == 0;
    case 'I':
        return take_item(results, frame, sink);
    case 'E':
        return results->state == RESULTS_STARTED && take_end(results, frame);
    default:
        return false;
    }
}

/* The next whole frame in the pending bytes. `ret_size` is 0 while it is not whole. */
static bool next_frame(const struct results *results, size_t offset, struct result_frame *ret_frame,
                       size_t *ret_size)
{
    const char *data = results->pending.data + offset;
    size_t left = results->pending.len - offset;
    *ret_size = 0;
    if (left < HEAD_SIZE)
        return true;
    uint64_t meta = number_of(data + 1, 4), body = number_of(data + 5, 8);
    uint64_t most = (uint64_t)results->limits.file_bytes;
    if (most < RESULTS_TEXT_LIMIT)
        most = RESULTS_TEXT_LIMIT;
    /* Refused by its head alone, so that no length makes us wait or allocate. */
    if (!memchr("RSIE", data[0], 4) || meta > RESULTS_META_LIMIT || body > most)
        return false;
    size_t size = HEAD_SIZE + (size_t)meta + (size_t)body;
    if (left < size)
        return true;
    ret_frame->kind = data[0];
    ret_frame->body = (struct bytes){data + HEAD_SIZE + meta, (size_t)body};
    ret_frame->digested = (struct bytes){data, data[0] == 'E' ? size - (size_t)body : size};
    *ret_size = size;
    return split_fields((struct bytes){data + HEAD_SIZE, (size_t)meta}, ret_frame);
}

void results_start(struct results *results, const struct bundle_limits *limits)
{
    *results = (struct results){.limits = *limits};
    sha256_start(&results->sha);
}

void results_auto(struct results *results)
{
    buffer_auto(&results->pending);
}

static bool finished(const struct results *results)
{
    return results->state == RESULTS_ENDED || results->state == RESULTS_BAD;
}

void results_take(struct results *results, struct bytes data, const struct sandbox_sink *sink)
{
    if (finished(results))
        return;
    buffer_add(&results->pending, data.data, data.len);
    size_t offset = 0;
    while (!finished(results)) {
        struct result_frame frame;
        size_t size;
        bool good = next_frame(results, offset, &frame, &size);
        if (good && size == 0)
            break;
        if (good)
            sha256_add(&results->sha, frame.digested);
        if (!good || !take_frame(results, &frame, sink))
            results->state = RESULTS_BAD;
        offset += size;
    }
    if (offset == 0)
        return;
    size_t rest = results->pending.len - offset;
    memmove(results->pending.data, results->pending.data + offset, rest);
    results->pending.len = rest;
}
