#include "api/routes/result.h"

#include <stdio.h>
#include <string.h>

#include "api/requests/download.h"
#include "common/domain/table_csv.h"
#include "statements.h"

#define TABLE_MAX 67108864 /* bytes of a table that is converted */
#define TABLE_MIME "application/vnd.countersign.table+json"

/* What a browser may show in place, by kind; everything else is an attachment.
 * The types are ours: what user code claims is never passed on. */
static const struct {
    const char *kind;
    const char *mime; /* as stored; NULL: any */
    const char *type; /* as served */
} shown[] = {
    {"stdout", NULL, "text/plain; charset=utf-8"}, {"stderr", NULL, "text/plain; charset=utf-8"},
    {"result", NULL, "text/plain; charset=utf-8"}, {"traceback", NULL, "text/plain; charset=utf-8"},
    {"chart", "image/png", "image/png"},           {"table", TABLE_MIME, "application/json"},
};

static bool is_text(const char *text, const char *wanted)
{
    return !wanted || (text && strcmp(text, wanted) == 0);
}

static const char *shown_type(const json_t *item)
{
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        if (is_text(json_text_of(item, "kind"), shown[i].kind) &&
            is_text(json_text_of(item, "mime"), shown[i].mime))
            return shown[i].type;
    return NULL;
}

static void set_digest(struct reply *reply, const json_t *item)
{
    char etag[80];
    const char *digest = json_text_of(item, "sha256");
    snprintf(etag, sizeof etag, "\"%s\"", digest ? digest : "");
    reply_add_header(reply, "ETag", etag);
}

static bool reply_csv(struct call *call, const json_t *item, const struct download *from,
                      struct error *err)
{
    AUTO(buffer) struct buffer text = {0};
    AUTO(json) json_t *table = NULL;
    char name[300];
    if (!is_text(json_text_of(item, "mime"), TABLE_MIME))
        return fail_field(err, ERR_INVALID_FIELD, "format", "only tables can be had as CSV");
    if (!download_read(call, from, TABLE_MAX, &text, err) ||
        !json_read_object(buffer_bytes(&text), &table, err) ||
        !table_csv_write(table, &call->reply->body, err))
        return false;
    const char *stem = json_text_of(item, "name");
    snprintf(name, sizeof name, "%.200s.csv", stem && *stem ? stem : "table");
    download_name(call->reply, name);
    call->reply->kind = REPLY_FOREIGN;
    call->reply->type = "text/csv; charset=utf-8";
    call->reply->status = 200;
    return true;
}

static bool read_query(const struct uri *uri, struct download *from, bool *ret_csv,
                       struct error *err)
{
    const char *format = uri_query_text(uri, "format");
    if (format && strcmp(format, "json") != 0 && strcmp(format, "csv") != 0)
        return fail_field(err, ERR_INVALID_FIELD, "format", "format must be json or csv");
    *ret_csv = format && strcmp(format, "csv") == 0;
    return uri_query_integer(uri, "attempt", (int64_t[]){1, INT64_MAX}, &from->attempt_id, err);
}

bool route_result(struct call *call, struct error *err)
{
    bool csv = false;
    const int64_t *ids = call->exchange->ids;
    struct download from = {.request_id = ids[0], .item = ids[1], .person_id = call->who.person_id};
    if (ids[1] > INT32_MAX)
        return fail(err, ERR_NOT_FOUND, "there is no such result");
    AUTO(rows) struct rows *rows = NULL;
    if (!read_query(&call->exchange->uri, &from, &csv, err) ||
        !sql_output_item_get(call->db, from.request_id, from.person_id, (int32_t)from.item,
                             from.attempt_id, &rows, err))
        return false;
    AUTO(json) json_t *item = json_loads(rows_text(rows, 0, 0), 0, NULL);
    from.attempt_id = json_integer_of(item, "attempt_id", 0);
    from.length = json_integer_of(item, "bytes", 0);
    if (csv)
        return reply_csv(call, item, &from, err);
    const char *type = shown_type(item);
    const char *name = json_text_of(item, "name");
    set_digest(call->reply, item);
    if (!type)
        download_name(call->reply, name ? name : "");
    call->reply->kind = REPLY_FOREIGN;
    call->reply->type = type ? type : "application/octet-stream";
    return download_start(call, &from, err);
}

bool route_file(struct call *call, struct error *err)
{
    struct download from = {.file_id = call->exchange->ids[0], .person_id = call->who.person_id};
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_file_get(call->db, from.file_id, from.person_id, &rows, err))
        return false;
    AUTO(json) json_t *file = json_loads(rows_text(rows, 0, 0), 0, NULL);
    from.length = json_integer_of(file, "bytes", 0);
    set_digest(call->reply, file);
    download_name(call->reply, json_text_of(file, "name"));
    call->reply->kind = REPLY_FOREIGN;
    call->reply->type = "application/octet-stream";
    return download_start(call, &from, err);
}
