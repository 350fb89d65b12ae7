#include "api/requests/download.h"

#include <stdlib.h>
#include <string.h>

#include "api/database.h"
#include "api/http/stream.h"
#include "common/base/log.h"
#include "statements.h"

#define NAME_MAX_BYTES 255

/* Chunk `next`; *ret_rows has a null where there is none. */
static bool read_chunk(struct db *db, const struct download *from, struct rows **ret_rows,
                       struct error *err)
{
    if (from->file_id)
        return sql_file_chunk(db, from->file_id, from->person_id, from->next, ret_rows, err);
    return sql_output_chunk_get(db, from->request_id, from->person_id, (int32_t)from->item,
                                from->attempt_id, from->next, ret_rows, err);
}

/* The first chunk comes with the record of who reads it, or not at all. */
static bool read_first(struct call *call, const struct download *from, struct rows **ret_rows,
                       struct error *err)
{
    if (call->exchange->framing.method != METHOD_GET) /* HEAD says only how long it is */
        return read_chunk(call->db, from, ret_rows, err);
    AUTO(json) json_t *who = identity_actor(&call->who, call->exchange);
    AUTO(text) char *actor = json_text(who);
    if (from->file_id)
        return sql_file_begin(call->db, from->file_id, actor, ret_rows, err);
    return sql_output_begin(call->db, from->request_id, actor, (int32_t)from->item,
                            from->attempt_id, ret_rows, err);
}

static void fill(struct stream *stream, struct api *api, struct db **io_db)
{
    struct error err = {0};
    struct download *download = stream->owner;
    AUTO(rows) struct rows *rows = NULL;
    bool fine = database_ready(api, io_db, &err) && read_chunk(*io_db, download, &rows, &err);
    download->next++;
    if (!fine)
        log_error("download.failed", &err);
    if (!fine || rows_is_null(rows, 0, 0)) {
        stream_end(stream);
        return;
    }
    struct bytes chunk = rows_bytes(rows, 0, 0);
    stream_add(stream, chunk.data, chunk.len);
}

static void on_release(struct stream *stream)
{
    free(stream->owner);
}

bool download_start(struct call *call, const struct download *download, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!read_first(call, download, &rows, err))
        return false;
    struct download *copy = memory_new(1, sizeof *copy);
    *copy = *download;
    copy->next++;
    struct stream *stream = stream_new(call->exchange, download->length);
    stream->handlers = call->api->handlers;
    stream->fill = fill;
    stream->owner = copy;
    stream->release = on_release;
    struct bytes chunk = rows_is_null(rows, 0, 0) ? (struct bytes){"", 0} : rows_bytes(rows, 0, 0);
    stream_add(stream, chunk.data, chunk.len);
    call->reply->stream = stream;
    call->reply->status = 200;
    return true;
}

bool download_read(struct call *call, const struct download *download, size_t most,
                   struct buffer *ret_bytes, struct error *err)
{
    struct download at = *download;
    if (download->length > (int64_t)most)
        return fail(err, ERR_TOO_LARGE, "this result is too large to be converted");
    for (;; at.next++) {
        AUTO(rows) struct rows *rows = NULL;
        if (!(at.next ? read_chunk(call->db, &at, &rows, err) : read_first(call, &at, &rows, err)))
            return false;
        if (rows_is_null(rows, 0, 0))
            return true;
        struct bytes chunk = rows_bytes(rows, 0, 0);
        buffer_add(ret_bytes, chunk.data, chunk.len);
    }
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && !strchr("\"\\%;/", c);
}

/* An ASCII stand-in for old readers, and the whole name escaped for the rest. */
void download_name(struct reply *reply, const char *name)
{
    static const char hex[] = "0123456789ABCDEF";
    AUTO(buffer) struct buffer out = {0};
    size_t len = strnlen(name, NAME_MAX_BYTES);
    buffer_add_text(&out, "attachment; filename=\"");
    for (size_t i = 0; i < len; i++)
        buffer_add(&out, is_plain((unsigned char)name[i]) ? &name[i] : "_", 1);
    buffer_add_text(&out, len ? "\"; filename*=UTF-8''" : "file\"; filename*=UTF-8''file");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    (c && strchr("-._~", c));
        char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
        buffer_add(&out, safe ? (const char *)&name[i] : escaped, safe ? 1 : 3);
    }
    reply_add_header(reply, "Content-Disposition", out.data);
}
