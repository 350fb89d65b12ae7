#include "api/routes/retention.h"

#include "api/api.h"
#include "common/base/log.h"
#include "common/base/signing.h"
#include "common/domain/code.h"
#include "common/domain/retention.h"
#include "statements.h"

#define DAY_CHARS 10 /* 2026-01-01 */
#define REASON_MAX 500

typedef bool statement_fn(struct db *db, const char *actor, const char *item,
                          struct rows **ret_rows, struct error *err);

static char *actor_text(const struct call *call)
{
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    return json_text(actor);
}

bool route_retention_list(struct call *call, struct error *err)
{
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_retention_list(call->db, actor, (int32_t)call->api->settings.retention_min_days, &rows,
                            err))
        return false;
    reply_json_text(call->reply, 200, rows_text(rows, 0, 0));
    return true;
}

/* Adds to an item what SQL says that it speaks of, and the api's signature over that. */
static bool sign(const struct call *call, json_t *terms, const char *role, json_t *item)
{
    uint8_t seal_hash[SHA256_SIZE];
    unsigned char signature[SIGNATURE_SIZE];
    char hex[2 * SIGNATURE_SIZE + 1];
    AUTO(buffer) struct buffer message = {0};
    if (!hex_decode(json_text_of(terms, "seal_hash"), seal_hash, SHA256_SIZE))
        return false;
    const struct retention_statement statement = {
        .instance = json_text_of(terms, "instance"),
        .retention_id = json_integer_of(terms, "id", 0),
        .seal = json_integer_of(terms, "seal", 0),
        .seal_hash = seal_hash,
        .person_id = call->who.person_id,
        .at_ms = json_integer_of(terms, "at_ms", 0),
        .role = role,
    };
    retention_encode(&statement, &message);
    signing_sign(call->api->signing_key, buffer_bytes(&message), signature);
    hex_encode(signature, SIGNATURE_SIZE, hex);
    json_object_update(item, terms);
    json_object_set_new(item, "signature", json_string(hex));
    json_object_set_new(item, "key_id", json_string(signing_key_id(call->api->signing_key)));
    return true;
}

static bool run(struct call *call, statement_fn *statement, int status, struct error *err)
{
    AUTO(text) char *actor = actor_text(call);
    AUTO(text) char *item = json_text(call->body);
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *result = NULL;
    if (!statement(call->db, actor, item, &rows, err) ||
        !json_read_object(bytes_of(rows_text(rows, 0, 0)), &result, err))
        return false;
    const json_t *error = json_object_get(result, "error"); /* refused, and that is written down */
    if (error)
        return fail(err, error_from_name(json_text_of(error, "code")), "%s",
                    json_text_of(error, "message"));
    reply_json_text(call->reply, status, rows_text(rows, 0, 0));
    return true;
}

/* What is signed comes from the database, and is held against what holds once more as it is
 * stored. */
static bool run_signed(struct call *call, const char *role, statement_fn *statement, int status,
                       struct error *err)
{
    const struct settings *settings = &call->api->settings;
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *terms = NULL;
    json_object_set_new(call->body, "min_days", json_integer(settings->retention_min_days));
    json_object_set_new(call->body, "reauth_seconds", json_integer(settings->reauth_seconds));
    AUTO(text) char *asked = json_text(call->body);
    if (!sql_retention_terms(call->db, actor, asked, &rows, err) ||
        !json_read_object(bytes_of(rows_text(rows, 0, 0)), &terms, err))
        return false;
    if (!sign(call, terms, role, call->body))
        return fail(err, ERR_INTERNAL, "what is to be signed has no seal");
    return run(call, statement, status, err);
}

/* That somebody wants rows of the audit trail dropped is never quiet. */
static void tell(const struct call *call, const char *role)
{
    LOG(LOG_WARN, "audit.retention", LOG_TEXT("role", role),
        LOG_NUMBER("person_id", call->who.person_id));
}

bool route_retention_propose(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"before", JSON_KIND_TEXT, true, DAY_CHARS, DAY_CHARS},
        {"reason", JSON_KIND_TEXT, true, 1, REASON_MAX},
    };
    if (!json_check(call->body, "", fields, COUNT_OF(fields), err) ||
        !text_check(bytes_of(json_text_of(call->body, "before")), TEXT_LINE, "before", err) ||
        !text_check(bytes_of(json_text_of(call->body, "reason")), TEXT_LINES, "reason", err) ||
        !run_signed(call, RETENTION_PROPOSE, sql_retention_propose, 201, err))
        return false;
    tell(call, RETENTION_PROPOSE);
    return true;
}

/* The element of SQL has the number of the path, which the body must not name. */
static bool take_id(struct call *call, struct error *err)
{
    if (!json_check(call->body, "", NULL, 0, err))
        return false;
    json_object_set_new(call->body, "id", json_integer(call->exchange->ids[0]));
    return true;
}

bool route_retention_agree(struct call *call, struct error *err)
{
    if (!take_id(call, err) || !run_signed(call, RETENTION_AGREE, sql_retention_agree, 200, err))
        return false;
    tell(call, RETENTION_AGREE);
    return true;
}

bool route_retention_withdraw(struct call *call, struct error *err)
{
    return take_id(call, err) && run(call, sql_retention_withdraw, 200, err);
}
