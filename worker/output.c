#include "worker/output.h"

#include <assert.h>
#include <string.h>

#include "worker/store.h"
#include "worker/transition.h"

#define CHUNK_MAX ((size_t)1024 * 1024)
#define RETRY_FIRST_MS 50
#define RETRY_MOST_MS 1000

void output_start(struct output *output, struct worker *worker, struct slot *slot)
{
    memset(output, 0, sizeof *output);
    output->worker = worker;
    output->slot = slot;
    output->attempt = slot_attempt(slot);
    output->items = json_array();
    output->live =
        live_begin(worker->live, (struct live_about){output->attempt->bundle.request_id,
                                                     output->attempt->id, output->attempt->fence});
}

void output_auto(struct output *output)
{
    live_end(output->live);
    buffer_auto(&output->streams[SANDBOX_STDOUT].pending);
    buffer_auto(&output->streams[SANDBOX_STDERR].pending);
    buffer_auto(&output->item.pending);
    json_auto(&output->current);
    json_auto(&output->items);
}

static void item_start(struct output *output, struct output_item *item)
{
    buffer_clear(&item->pending);
    item->n = ++output->item_count;
    item->chunks = 0;
    item->bytes = 0;
    item->frozen = 0;
    sha256_start(&item->sha);
}

static void item_add(struct output_item *item, struct bytes chunk)
{
    sha256_add(&item->sha, chunk);
    item->bytes += (int64_t)chunk.len;
    buffer_add(&item->pending, chunk.data, chunk.len);
}

static void drop_front(struct buffer *buffer, size_t len)
{
    buffer->len -= len;
    memmove(buffer->data, buffer->data + len, buffer->len + 1);
}

/* Tries to store one chunk. A chunk whose answer was lost is sent again with
 * the very same bytes. */
static bool store_next(struct output *output, struct output_item *item, struct error *err)
{
    if (item->frozen == 0)
        item->frozen = item->pending.len < CHUNK_MAX ? item->pending.len : CHUNK_MAX;
    const struct store_chunk chunk = {item->n, item->chunks, {item->pending.data, item->frozen}};
    if (!store_output_chunk(output->worker->pool, output->attempt, &chunk, err))
        return false;
    drop_front(&item->pending, item->frozen);
    item->frozen = 0;
    item->chunks++;
    return true;
}

static bool give_up(struct output *output, const struct error *err)
{
    output->broken = true;
    output->fault = *err;
    return false;
}

/* Stores all of it, waiting for our database as long as the worker may. */
static bool store_rest(struct output *output, struct output_item *item)
{
    int64_t retry_ms = RETRY_FIRST_MS;
    while (item->pending.len > 0 && !output->broken) {
        struct error err = {0};
        if (store_next(output, item, &err)) {
            retry_ms = RETRY_FIRST_MS;
            continue;
        }
        if (!store_error_passes(&err) || atomic_load(&output->worker->leaving))
            return give_up(output, &err);
        slot_wait(output->slot, retry_ms);
        retry_ms = retry_ms * 2 < RETRY_MOST_MS ? retry_ms * 2 : RETRY_MOST_MS;
    }
    return !output->broken;
}

bool output_add_stream(struct output *output, enum sandbox_stream stream, struct bytes chunk)
{
    struct output_item *item = &output->streams[stream];
    if (output->broken)
        return false;
    if (chunk.len == 0)
        return true;
    if (item->n == 0)
        item_start(output, item);
    item_add(item, chunk);
    live_say(output->live, stream, chunk);
    /* The code is running: while our database is away its output is kept here,
     * which its own limit bounds, rather than holding it up. */
    struct error err = {0};
    if (item->pending.len < OUTPUT_CHUNK_BYTES || store_next(output, item, &err) ||
        store_error_passes(&err))
        return true;
    return give_up(output, &err);
}

/* The last bytes of an item: into its entry when they are few, else stored. */
static bool end_item(struct output *output, struct output_item *item, json_t *entry)
{
    size_t len = item->pending.len;
    if (len == 0 || len > OUTPUT_SHORT_BYTES || output->carried + len > OUTPUT_SHORT_TOTAL ||
        item->frozen > 0)
        return store_rest(output, item);
    AUTO(text) char *data = base64_text(buffer_bytes(&item->pending));
    json_object_set_new(entry, "chunk", json_integer(item->chunks));
    json_object_set_new(entry, "data", json_string(data));
    output->carried += len;
    return true;
}

static void list_item(struct output *output, struct output_item *item, json_t *take_entry)
{
    uint8_t sha256[SHA256_SIZE];
    char hex[SHA256_HEX];
    sha256_end(&item->sha, sha256);
    hex_encode(sha256, SHA256_SIZE, hex);
    json_object_set_new(take_entry, "n", json_integer(item->n));
    json_object_set_new(take_entry, "bytes", json_integer(item->bytes));
    json_object_set_new(take_entry, "sha256", json_string(hex));
    json_array_append_new(output->items, take_entry);
}

static json_t *entry(const char *kind, const char *mime, const char *name)
{
    return json_pack("{s:s, s:o, s:o}", "kind", kind, "mime", transition_text(mime), "name",
                     transition_text(name));
}

bool output_begin_item(struct output *output, const char *kind, const char *mime, const char *name)
{
    if (output->broken)
        return false;
    item_start(output, &output->item);
    json_decref(output->current);
    output->current = entry(kind, mime, name);
    return true;
}

bool output_add_item(struct output *output, struct bytes chunk)
{
    if (output->broken)
        return false;
    item_add(&output->item, chunk);
    return output->item.pending.len < OUTPUT_CHUNK_BYTES || store_rest(output, &output->item);
}

bool output_end_item(struct output *output)
{
    assert(output->current);
    if (!end_item(output, &output->item, output->current))
        return false;
    list_item(output, &output->item, TAKE(output->current));
    buffer_auto(&output->item.pending);
    return true;
}

bool output_end(struct output *output)
{
    static const char *const kinds[] = {[SANDBOX_STDOUT] = "stdout", [SANDBOX_STDERR] = "stderr"};
    live_end(TAKE(output->live));
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct output_item *item = &output->streams[i];
        if (item->n == 0)
            continue;
        json_t *about = entry(kinds[i], "text/plain; charset=utf-8", "");
        if (!end_item(output, item, about)) {
            json_decref(about);
            return false;
        }
        list_item(output, item, about);
        item->n = 0;
    }
    return !output->broken;
}
