#include "api/routes/session.h"

#include "api/api.h"
#include "api/live/streams.h"
#include "statements.h"

#define JSON_ID_MAX INT64_C(9007199254740991)

static char *actor_text(const struct call *call)
{
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    return json_text(actor);
}

/* Whose sessions: one's own unless the query names somebody. */
static bool read_person(const struct call *call, int64_t *ret_person_id, struct error *err)
{
    *ret_person_id = call->who.person_id;
    return uri_query_integer(&call->exchange->uri, "person_id", (int64_t[]){1, JSON_ID_MAX},
                             ret_person_id, err);
}

bool route_sessions(struct call *call, struct error *err)
{
    int64_t person_id;
    AUTO(rows) struct rows *rows = NULL;
    if (!read_person(call, &person_id, err) ||
        !sql_sessions_list(call->db, call->who.person_id, call->who.session_id, person_id, &rows,
                           err))
        return false;
    AUTO(json) json_t *list = json_loads(rows_text(rows, 0, 0), 0, NULL);
    AUTO(json) json_t *answer = json_pack("{s:O}", "sessions", list);
    reply_json(call->reply, 200, answer);
    return true;
}

bool route_session_revoke(struct call *call, struct error *err)
{
    int64_t id = call->exchange->ids[0];
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_session_close(call->db, id, actor, &rows, err))
        return false;
    streams_close_session(call->api->streams, id);
    call->reply->status = 204;
    return true;
}

bool route_sessions_revoke(struct call *call, struct error *err)
{
    int64_t person_id;
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    if (!read_person(call, &person_id, err) ||
        !sql_sessions_close(call->db, actor, person_id, &rows, err))
        return false;
    AUTO(json) json_t *ended = json_loads(rows_text(rows, 0, 0), 0, NULL);
    size_t n;
    json_t *id;
    json_array_foreach (ended, n, id) {
        streams_close_session(call->api->streams, json_integer_value(id));
    }
    AUTO(json) json_t *answer = json_pack("{s:I}", "ended", (json_int_t)json_array_size(ended));
    reply_json(call->reply, 200, answer);
    return true;
}
