#include "api/routes/audit.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/requests/download.h"
#include "api/http/server.h"
#include "common/domain/auditor.h"
#include "common/domain/seal.h"
#include "common/domain/table_csv.h"
#include "statements.h"

#define QUESTION_MAX 64
#define SQL_MAX 60000
#define AT_ONCE 2 /* queries of one api process */

static atomic_int running;

bool route_audit_questions(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_audit_questions(call->db, &rows, err))
        return false;
    reply_json_text(call->reply, 200, rows_text(rows, 0, 0));
    return true;
}

static bool check_body(const json_t *body, struct error *err)
{
    static const struct json_field fields[] = {
        {"question", JSON_KIND_TEXT, false, 1, QUESTION_MAX},
        {"parameters", JSON_KIND_OBJECT, false, 0, 0},
        {"sql", JSON_KIND_TEXT, false, 1, SQL_MAX},
    };
    bool ready_made = json_object_get(body, "question");
    bool free_sql = json_object_get(body, "sql");
    if (!json_check(body, "", fields, COUNT_OF(fields), err))
        return false;
    if (!ready_made && !free_sql)
        return fail_field(err, ERR_MISSING_FIELD, "question", "question or sql is missing");
    if (ready_made && free_sql)
        return fail_field(err, ERR_INVALID_FIELD, "sql", "send a question or sql, not both");
    if (free_sql && json_object_get(body, "parameters"))
        return fail_field(err, ERR_INVALID_FIELD, "parameters", "only questions have parameters");
    return true;
}

static bool read_format(const struct exchange *exchange, bool *ret_csv, struct error *err)
{
    const char *format = uri_query_text(&exchange->uri, "format");
    const char *accept = exchange_header(exchange, "Accept");
    if (format && strcmp(format, "json") != 0 && strcmp(format, "csv") != 0)
        return fail_field(err, ERR_INVALID_FIELD, "format", "format must be json or csv");
    *ret_csv = format ? strcmp(format, "csv") == 0 : accept && strstr(accept, "text/csv");
    return true;
}

/* The statement to run, recorded as asked. Caller decrefs. */
static bool record(struct call *call, json_t **ret_statement, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *who = identity_actor(&call->who, call->exchange);
    AUTO(text) char *actor = json_text(who);
    AUTO(text) char *item = json_text(call->body);
    if (!sql_audit_query(call->db, actor, item, &rows, err))
        return false;
    *ret_statement = json_loads(rows_text(rows, 0, 0), 0, NULL);
    return true;
}

static bool is_wanted(void *context)
{
    return server_stream_is_heard(context);
}

static bool reply_csv(struct call *call, const json_t *table, struct error *err)
{
    char name[QUESTION_MAX + 8];
    const char *question = json_text_of(call->body, "question");
    snprintf(name, sizeof name, "%s.csv", question ? question : "query");
    if (!table_csv_write(table, &call->reply->body, err))
        return false;
    download_name(call->reply, name);
    reply_add_header(call->reply, "X-Truncated", json_flag(table, "truncated") ? "true" : "false");
    call->reply->kind = REPLY_FOREIGN;
    call->reply->type = "text/csv; charset=utf-8";
    call->reply->status = 200;
    return true;
}

static bool ask(struct call *call, json_t **ret_table, struct error *err)
{
    AUTO(json) json_t *statement = NULL;
    if (!record(call, &statement, err))
        return false;
    const struct auditor_query query = {json_text_of(statement, "sql"),
                                        json_object_get(statement, "values"), is_wanted,
                                        call->exchange};
    return auditor_run(call->api->settings.audit_database_url.value, &query, ret_table, err);
}

bool route_audit_query(struct call *call, struct error *err)
{
    bool csv = false;
    AUTO(json) json_t *table = NULL;
    if (!check_body(call->body, err) || !read_format(call->exchange, &csv, err))
        return false;
    bool free_place = atomic_fetch_add(&running, 1) < AT_ONCE;
    bool fine = free_place ? ask(call, &table, err)
                           : fail(err, ERR_THROTTLED,
                                  "%d queries run already; try again in a moment", AT_ONCE);
    atomic_fetch_sub(&running, 1);
    if (!fine)
        return false;
    if (csv)
        return reply_csv(call, table, err);
    reply_json(call->reply, 200, table);
    return true;
}

/* The newest seal with the line that leaves; caller decrefs. */
static json_t *head_json(const struct seal *seal, const char *sealed_at)
{
    char line[SEAL_LINE_SIZE], root[SHA256_HEX], hash[SHA256_HEX];
    seal_line(seal, line);
    hex_encode(seal->root, sizeof seal->root, root);
    hex_encode(seal->hash, sizeof seal->hash, hash);
    return json_pack("{s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "n", seal->n, "last_id",
                     seal->last_id, "events", seal->events, "root", root, "hash", hash, "key_id",
                     seal->key_id, "sealed_at", sealed_at, "line", line);
}

bool route_audit_head(struct call *call, struct error *err)
{
    enum { N = 1, SEALED_AT = 14, UNSEALED, SINCE, LATE };
    AUTO(rows) struct rows *rows = NULL;
    AUTO(rows) struct rows *verified = NULL;
    struct seal seal;
    if (!sql_audit_head(call->db, &rows, err) || !sql_audit_verified(call->db, &verified, err))
        return false;
    bool sealed = !rows_is_null(rows, 0, N);
    if (sealed && !seal_from_row(rows, 0, &seal))
        return fail(err, ERR_INTERNAL, "the newest seal can not be read");
    AUTO(json)
    json_t *root =
        json_pack("{s:o, s:{s:I, s:s?}, s:b, s:o}", "head",
                  sealed ? head_json(&seal, rows_text(rows, 0, SEALED_AT)) : json_null(),
                  "unsealed", "rows", rows_integer(rows, 0, UNSEALED), "since",
                  rows_text(rows, 0, SINCE), "late", (int)rows_integer(rows, 0, LATE), "verified",
                  rows_is_null(verified, 0, 0) ? json_null()
                                               : json_loads(rows_text(verified, 0, 0), 0, NULL));
    reply_json(call->reply, 200, root);
    return true;
}
