#include "api/requests/writes.h"

#include "api/live/feed.h"
#include "common/base/fault.h"
#include "common/domain/doorbell.h"
#include "statements.h"

static const struct {
    const struct statement *statement;
    const char *committed; /* the fault point between the commit and the push */
} writes[WRITE_COUNT] = {
    [WRITE_SUBMIT] = {&SQL_SUBMIT_REQUESTS, "api.submit.after_commit"},
    [WRITE_REVISE] = {&SQL_REVISE_REQUESTS, "api.revise.after_commit"},
    [WRITE_DECIDE] = {&SQL_DECIDE_REQUESTS, "api.decide.after_commit"},
    [WRITE_BREAK_GLASS] = {&SQL_BREAK_GLASS_REQUESTS, "api.decide.after_commit"},
    [WRITE_UNDO] = {&SQL_UNDO_DECISIONS, "api.undo.after_commit"},
    [WRITE_CANCEL] = {&SQL_CANCEL_REQUESTS, "api.cancel.after_commit"},
    [WRITE_SETTLE] = {&SQL_SETTLE_REQUESTS, "api.settle.after_commit"},
    [WRITE_RUN_AGAIN] = {&SQL_RUN_AGAIN, "api.run_again.after_commit"},
};

/* One connection for each function: its leader holds it, the others queue behind. */
bool writes_open(struct api *api, struct error *err)
{
    api->pool = db_pool_new(api->settings.database_url.value, "countersign-api", WRITE_COUNT);
    if (!api->pool)
        return fail(err, ERR_UNAVAILABLE, "no pool of database connections");
    for (int i = 0; i < WRITE_COUNT; i++)
        api->batches[i] = batch_new(api->pool, writes[i].statement);
    return true;
}

void writes_close(struct api *api)
{
    for (int i = 0; i < WRITE_COUNT; i++)
        batch_free(api->batches[i]);
    db_pool_free(api->pool);
}

void writes_announce(struct api *api, json_t *result)
{
    FAULT("api.push.before");
    size_t n;
    json_t *push;
    json_array_foreach (json_object_get(result, "push"), n, push) {
        const char *queue = json_text_of(push, "queue");
        if (queue)
            doorbell_ring(api->doorbell, queue, json_integer_of(push, "id", 0));
    }
    json_t *event = json_object_get(result, "event");
    if (json_is_object(event)) {
        AUTO(text) char *text = json_text(event);
        doorbell_announce(api->doorbell, text);
        feed_wake(api, event); /* our own polls need not wait for the way through Redis */
    }
    json_object_del(result, "push");
    json_object_del(result, "event");
}

static void sign_item(const struct call *call, const char *key, json_t *item)
{
    json_object_set_new(item, "actor", identity_actor(&call->who, call->exchange));
    if (key)
        json_object_set_new(item, "idempotency",
                            json_pack("{s:s, s:s}", "key", key, "body_sha256", call->body_sha256));
}

/* What is to be done about a result; true when it is a stored one. */
static bool announce_one(struct call *call, json_t *result)
{
    writes_announce(call->api, result);
    bool replayed = json_flag(result, "replayed");
    json_object_del(result, "replayed");
    return replayed;
}

bool writes_run(struct call *call, enum write write, json_t *take_item, json_t **ret_result,
                struct error *err)
{
    AUTO(json) json_t *item = take_item;
    json_t *result = NULL;
    sign_item(call, call->key, item);
    if (!batch_call(call->api->batches[write], item, &result, err))
        return false;
    FAULT(writes[write].committed);
    if (announce_one(call, result))
        reply_add_header(call->reply, "Idempotency-Replayed", "true");
    *ret_result = result;
    return true;
}

void writes_run_all(struct call *call, enum write write, struct batch_element *elements,
                    const char *const *keys, size_t count)
{
    bool replayed = false;
    for (size_t i = 0; i < count; i++)
        sign_item(call, keys[i], (json_t *)elements[i].item);
    batch_call_all(call->api->batches[write], elements, count);
    FAULT(writes[write].committed);
    for (size_t i = 0; i < count; i++)
        if (elements[i].result && announce_one(call, elements[i].result))
            replayed = true;
    if (replayed)
        reply_add_header(call->reply, "Idempotency-Replayed", "true");
}
