#include "api/routes/budget.h"

#include <string.h>

#include "api/api.h"
#include "statements.h"

#define SCOPE_MAX 32
#define PERIOD_MAX 8
#define LIMIT_MOST                                                                                 \
    9000000000000000 /* nano-USD; below 2^53, so that any JSON reader has it exactly */

static char *actor_text(const struct call *call)
{
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    return json_text(actor);
}

/* The last part of the path; what it means is SQL's to say. */
static bool scope_of(const struct call *call, const char **ret_scope, struct error *err)
{
    const char *scope = strrchr(call->exchange->uri.path, '/') + 1;
    if (strlen(scope) > SCOPE_MAX)
        return fail_field(err, ERR_INVALID_FIELD, "scope",
                          "scope must be user:ID, team:ID, user:* or team:*");
    *ret_scope = scope;
    return true;
}

bool route_budgets(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_budgets_list(call->db, call->who.person_id, &rows, err))
        return false;
    reply_json_text(call->reply, 200, rows_text(rows, 0, 0));
    return true;
}

bool route_budget_set(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"limit_nano_usd", JSON_KIND_INTEGER, true, 1, LIMIT_MOST},
        {"soft_percent", JSON_KIND_INTEGER, false, 1, 100},
        {"period", JSON_KIND_TEXT, false, 1, PERIOD_MAX},
    };
    const char *scope = NULL;
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    if (!json_check(call->body, "", fields, COUNT_OF(fields), err) || !scope_of(call, &scope, err))
        return false;
    json_object_set_new(call->body, "scope", json_string(scope));
    AUTO(text) char *item = json_text(call->body);
    if (!sql_budget_set(call->db, actor, item, &rows, err))
        return false;
    reply_json_text(call->reply, 200, rows_text(rows, 0, 0));
    return true;
}

bool route_budget_end(struct call *call, struct error *err)
{
    const char *scope = NULL;
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    if (!scope_of(call, &scope, err) || !sql_budget_end(call->db, actor, scope, &rows, err))
        return false;
    call->reply->status = 204;
    return true;
}
