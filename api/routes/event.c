#include "api/routes/event.h"

#include "api/live/outputs.h"
#include "api/live/streams.h"
#include "statements.h"

bool route_events(struct call *call, struct error *err)
{
    return streams_open(call, 0, err);
}

bool route_request_events(struct call *call, struct error *err)
{
    int64_t id = call->exchange->ids[0];
    AUTO(rows) struct rows *rows = NULL;
    return sql_request_state(call->db, id, call->who.person_id, &rows, err) &&
           streams_open(call, id, err);
}

bool route_request_output(struct call *call, struct error *err)
{
    int64_t id = call->exchange->ids[0];
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *who = identity_actor(&call->who, call->exchange);
    AUTO(text) char *actor = json_text(who);
    return sql_output_follow(call->db, id, actor, &rows, err) && outputs_open(call, id, err);
}
