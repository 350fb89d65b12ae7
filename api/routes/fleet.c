#include "api/routes/fleet.h"

#include "api/api.h"
#include "common/domain/code.h"
#include "statements.h"

#define SCOPE_MAX 64
#define REASON_MAX 500

bool route_workers(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_fleet(call->db, call->who.person_id, &rows, err))
        return false;
    reply_json_text(call->reply, 200, rows_text(rows, 0, 0));
    return true;
}

static char *actor_text(const struct call *call)
{
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    return json_text(actor);
}

static bool check_line(const json_t *body, const char *key, struct error *err)
{
    const json_t *text = json_object_get(body, key);
    return !text || text_check((struct bytes){json_string_value(text), json_string_length(text)},
                               TEXT_LINE, key, err);
}

bool route_pause_set(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"scope", JSON_KIND_TEXT, true, 1, SCOPE_MAX},
        {"reason", JSON_KIND_TEXT, false, 0, REASON_MAX},
    };
    AUTO(text) char *actor = actor_text(call);
    AUTO(text) char *item = json_text(call->body);
    AUTO(rows) struct rows *rows = NULL;
    if (!json_check(call->body, "", fields, COUNT_OF(fields), err) ||
        !check_line(call->body, "scope", err) || !check_line(call->body, "reason", err) ||
        !sql_pause_set(call->db, actor, item, &rows, err))
        return false;
    reply_json_text(call->reply, 201, rows_text(rows, 0, 0));
    return true;
}

bool route_pause_clear(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"scope", JSON_KIND_TEXT, true, 1, SCOPE_MAX},
    };
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    if (!json_check(call->body, "", fields, COUNT_OF(fields), err) ||
        !check_line(call->body, "scope", err) ||
        !sql_pause_clear(call->db, actor, json_text_of(call->body, "scope"), &rows, err))
        return false;
    call->reply->status = 204;
    return true;
}
