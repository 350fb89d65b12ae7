#include "api/requests/upload.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/http/multipart.h"
#include "api/requests/room.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "common/domain/code.h"
#include "statements.h"

#define CHUNK_BYTES 1048576

struct upload {
    int64_t id;
    json_t *actor;
    struct multipart *multipart; /* NULL: the body is the file */
    char *name;                  /* "" until a part's headers said it */
    const char *media_type;
    struct sha256 sha;
    int64_t bytes;
    int32_t chunks;
    struct buffer chunk;
    bool finished;
    struct call *call; /* while a handler has it */
};

/* By the name's ending alone: what a client says is not believed. */
static const struct {
    const char *ending;
    const char *media_type;
    const char *magic; /* what the file must begin with, or NULL */
} media_types[] = {
    {".csv", "text/csv", NULL},
    {".tsv", "text/tab-separated-values", NULL},
    {".txt", "text/plain", NULL},
    {".json", "application/json", NULL},
    {".jsonl", "application/x-ndjson", NULL},
    {".parquet", "application/vnd.apache.parquet", "PAR1"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "PK\x03\x04"},
};

void upload_free(struct upload *upload)
{
    if (!upload)
        return;
    json_decref(upload->actor);
    multipart_free(upload->multipart);
    buffer_auto(&upload->chunk);
    free(upload->name);
    free(upload);
}

static bool take_name(struct upload *upload, const char *name, struct error *err)
{
    if (!file_name_check(name, err))
        return false;
    free(upload->name);
    upload->name = memory_text(name);
    return true;
}

static bool check_magic(struct upload *upload, struct error *err)
{
    upload->media_type = "application/octet-stream";
    size_t len = strlen(upload->name);
    for (size_t i = 0; i < COUNT_OF(media_types); i++) {
        size_t ending = strlen(media_types[i].ending);
        const char *magic = media_types[i].magic;
        if (len <= ending || strcasecmp(upload->name + len - ending, media_types[i].ending) != 0)
            continue;
        upload->media_type = media_types[i].media_type;
        if (magic && (upload->chunk.len < strlen(magic) ||
                      memcmp(upload->chunk.data, magic, strlen(magic)) != 0))
            return fail_field(err, ERR_NOT_ACCEPTABLE, "file",
                              "the file is not what its name says");
    }
    return true;
}

static bool store_chunk(struct upload *upload, struct error *err)
{
    if (upload->chunks == 0 && !check_magic(upload, err))
        return false;
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_upload_chunk_put(upload->call->db, upload->id, upload->chunks,
                              buffer_bytes(&upload->chunk), &rows, err))
        return false;
    upload->chunks++;
    buffer_clear(&upload->chunk);
    return true;
}

static bool take_bytes(void *context, struct bytes data, struct error *err)
{
    struct upload *upload = context;
    const struct settings *settings = &upload->call->api->settings;
    upload->bytes += (int64_t)data.len;
    if (upload->bytes > settings->max_upload_bytes)
        return fail_field(err, ERR_TOO_LARGE, "file", "the file is larger than %lld bytes",
                          (long long)settings->max_upload_bytes);
    if (upload->multipart && !upload->name[0] &&
        !take_name(upload, multipart_file_name(upload->multipart), err))
        return false;
    sha256_add(&upload->sha, data);
    const char *at = data.data;
    for (size_t left = data.len; left > 0;) {
        size_t room = CHUNK_BYTES - upload->chunk.len;
        size_t step = left < room ? left : room;
        buffer_add(&upload->chunk, at, step);
        at += step;
        left -= step;
        if (upload->chunk.len == CHUNK_BYTES && !store_chunk(upload, err))
            return false;
    }
    return true;
}

static bool read_envelope(struct call *call, struct upload *upload, struct error *err)
{
    const char *type = exchange_header(call->exchange, "Content-Type");
    const char *name = uri_query_text(&call->exchange->uri, "name");
    if (framing_header_count(&call->exchange->head, "Content-Type") > 1)
        return fail(err, ERR_BAD_REQUEST, "more than one Content-Type");
    size_t len = type ? strcspn(type, "; \t") : 0;
    bool is_form = len == 19 && strncasecmp(type, "multipart/form-data", len) == 0;
    bool is_plain = (len == 24 && strncasecmp(type, "application/octet-stream", len) == 0) ||
                    (len == 8 && strncasecmp(type, "text/csv", len) == 0);
    if (is_form && !name) {
        upload->name = memory_text("");
        return multipart_new(type, &upload->multipart, err);
    }
    if (is_form)
        return fail_field(err, ERR_BAD_REQUEST, "name", "a form carries its own file name");
    if (!is_plain)
        return fail(err, ERR_MEDIA_TYPE,
                    "an upload is application/octet-stream, text/csv or multipart/form-data");
    if (!name)
        return fail_field(err, ERR_MISSING_FIELD, "name", "name is missing");
    return take_name(upload, name, err);
}

bool upload_open(struct call *call, struct error *err)
{
    if (!room_check(&call->api->settings, err))
        return false;
    struct upload *upload = memory_new(1, sizeof *upload);
    call->exchange->upload = upload;
    sha256_start(&upload->sha);
    upload->actor = identity_actor(&call->who, call->exchange);
    if (!read_envelope(call, upload, err))
        return false;
    AUTO(rows) struct rows *rows = NULL;
    AUTO(text) char *actor = json_text(upload->actor);
    if (!sql_upload_begin(call->db, actor, &rows, err))
        return false;
    upload->id = rows_integer(rows, 0, 0);
    return true;
}

static bool finish(struct call *call, struct upload *upload, struct error *err)
{
    if (upload->multipart && !multipart_finish(upload->multipart, err))
        return false;
    if (upload->bytes == 0)
        return fail_field(err, ERR_INVALID_FIELD, "file", "the file is empty");
    if (upload->chunk.len > 0 && !store_chunk(upload, err))
        return false;
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX];
    sha256_end(&upload->sha, digest);
    hex_encode(digest, sizeof digest, hex);
    AUTO(json)
    json_t *item = json_pack("{s:s, s:s, s:s}", "name", upload->name, "media_type",
                             upload->media_type, "sha256", hex);
    AUTO(text) char *item_text = json_text(item);
    AUTO(text) char *actor = json_text(upload->actor);
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_upload_finish(call->db, upload->id, actor, item_text, &rows, err))
        return false;
    upload->finished = true;
    reply_json_text(call->reply, 201, rows_text(rows, 0, 0));
    return true;
}

bool upload_store(struct call *call, bool last, struct error *err)
{
    struct exchange *exchange = call->exchange;
    struct upload *upload = exchange->upload;
    struct bytes data = buffer_bytes(&exchange->body);
    upload->call = call;
    bool fine = upload->multipart ? multipart_feed(upload->multipart, data, take_bytes, upload, err)
                                  : take_bytes(upload, data, err);
    buffer_clear(&exchange->body);
    return fine && (!last || finish(call, upload, err));
}

bool upload_is_cut(const struct upload *upload)
{
    return upload && upload->id && !upload->finished;
}

void upload_drop(struct upload *upload, struct db *db)
{
    struct error err = {0};
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_upload_drop(db, upload->id, &rows, &err))
        log_error("upload.drop", &err); /* the database forgets it by its age */
    upload->finished = true;
}
