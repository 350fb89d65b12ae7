#include "worker/transition.h"

#include <assert.h>
#include <string.h>

#include "common/base/fault.h"
#include "common/base/log.h"
#include "worker/approval.h"
#include "worker/store.h"

static void announce_one(struct doorbell *doorbell, const json_t *event)
{
    if (!json_is_object(event))
        return;
    AUTO(text) char *text = json_text(event);
    doorbell_announce(doorbell, text);
}

void transition_announce(struct worker *worker, const json_t *result)
{
    announce_one(worker->doorbell, json_object_get(result, "event"));
    const json_t *events = json_object_get(result, "events");
    for (size_t i = 0; i < json_array_size(events); i++)
        announce_one(worker->doorbell, json_array_get(events, i));
    const json_t *push = json_object_get(result, "push");
    for (size_t i = 0; i < json_array_size(push); i++) {
        const json_t *hint = json_array_get(push, i);
        const char *queue = json_text_of(hint, "queue");
        if (queue)
            doorbell_ring(worker->doorbell, queue, json_integer_of(hint, "id", 0));
    }
}

static bool move(struct worker *worker, struct batch *batch, json_t *take_item, struct error *err)
{
    AUTO(json) json_t *item = take_item;
    AUTO(json) json_t *result = NULL;
    if (!batch_call(batch, item, &result, err))
        return false;
    transition_announce(worker, result);
    return true;
}

/* {worker_id, id, fence}, with which every move starts. */
static json_t *mark_item(const struct worker *worker, const struct transition_mark *mark)
{
    return json_pack("{s:I, s:I, s:I}", "worker_id", (json_int_t)worker->id, "id",
                     (json_int_t)mark->id, "fence", (json_int_t)mark->fence);
}

static json_t *item_of(const struct worker *worker, const struct attempt *attempt)
{
    return mark_item(worker, &(struct transition_mark){attempt->id, attempt->fence});
}

static json_t *start_item(const struct worker *worker, const struct attempt *attempt)
{
    uint8_t sha256[SHA256_SIZE];
    char hex[SHA256_HEX];
    memset(sha256, 0, sizeof sha256);
    if (!attempt->malformed)
        attempt_digest(attempt, sha256);
    hex_encode(sha256, SHA256_SIZE, hex);
    json_t *item = item_of(worker, attempt);
    json_object_set_new(item, "bundle_sha256", json_string(hex));
    json_object_set_new(item, "decision_ids", approval_decision_ids(attempt));
    return item;
}

bool transition_start(struct worker *worker, const struct attempt *attempt, const char *reference,
                      struct error *err)
{
    json_t *item = start_item(worker, attempt);
    json_t *remote = reference ? json_loads(reference, 0, NULL) : NULL;
    if (remote)
        json_object_set_new(item, "remote", remote);
    FAULT("worker.start.in_tx");
    if (!move(worker, worker->starts, item, err))
        return false;
    FAULT("worker.start.after_commit");
    return true;
}

bool transition_start_holds(struct worker *worker, const struct attempt *attempt, bool *ret_holds,
                            struct error *err)
{
    struct store_standing standing;
    if (!store_standing(worker->pool, attempt, &standing, err))
        return false;
    *ret_holds = strcmp(standing.state, "starting") == 0 && standing.worker_id == worker->id &&
                 standing.lease_left_ms > 0;
    return true;
}

bool transition_refuse(struct worker *worker, const struct attempt *attempt, const char *why,
                       struct error *err)
{
    json_t *item = start_item(worker, attempt);
    json_object_set_new(item, "refused", json_string(why));
    if (!move(worker, worker->starts, item, err))
        return false;
    return fail(err, ERR_INTERNAL, "our database would have let other bytes run");
}

void transition_running(struct worker *worker, const struct transition_mark *marks, size_t count)
{
    struct batch_element elements[BATCH_MAX] = {0};
    json_t *items[BATCH_MAX];
    assert(count <= BATCH_MAX);
    for (size_t i = 0; i < count; i++)
        elements[i].item = items[i] = mark_item(worker, &marks[i]);
    batch_call_all(worker->runnings, elements, count);
    for (size_t i = 0; i < count; i++) {
        if (elements[i].result)
            transition_announce(worker, elements[i].result);
        else if (elements[i].err.code != ERR_WRONG_STATE) /* it ended meanwhile */
            LOG(LOG_WARN, "attempt.running_not_recorded", LOG_NUMBER("attempt", marks[i].id),
                LOG_TEXT("text", elements[i].err.text));
        json_decref(elements[i].result);
        json_decref(items[i]);
    }
}

json_t *transition_text(const char *text)
{
    json_t *json = json_string(text);
    if (json)
        return json;
    AUTO(text) char *copy = memory_text(text);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return json_string(copy);
}

/* What was used, where the service says so; what it costs is SQL's to say. Only this
 * machine is free. */
static json_t *cost_of(const struct attempt *attempt, const struct sandbox_usage *usage, int64_t ms)
{
    json_t *cost =
        json_pack("{s:s, s:s, s:s, s:f}", "kind", "sandbox", "provider", attempt->bundle.sandbox,
                  "model", attempt->bundle.image, "seconds", (double)ms / 1000.0);
    if (strcmp(attempt->bundle.sandbox, "local") == 0)
        json_object_set_new(cost, "nano_usd", json_integer(0));
    if (usage->cpu > 0)
        json_object_set_new(cost, "cpu", json_real(usage->cpu));
    if (usage->memory_mib > 0)
        json_object_set_new(cost, "memory_mib", json_integer(usage->memory_mib));
    if (usage->disk_gib > 0)
        json_object_set_new(cost, "disk_gib", json_integer(usage->disk_gib));
    return cost;
}

bool transition_release(struct worker *worker, const struct attempt *attempt,
                        const struct transition_release *release, struct error *err)
{
    json_t *item = item_of(worker, attempt);
    json_object_set_new(item, "not_started", json_true());
    json_object_set_new(item, "reason", transition_text(release->reason));
    if (release->retry_after_ms > 0)
        json_object_set_new(item, "retry_after_ms", json_integer(release->retry_after_ms));
    if (release->is_final)
        json_object_set_new(item, "fail", json_true());
    if (release->usage)
        json_object_set_new(item, "cost", cost_of(attempt, release->usage, release->usage->ms));
    return move(worker, worker->releases, item, err);
}

static json_t *finish_item(const struct worker *worker, const struct attempt *attempt,
                           const struct transition_end *end)
{
    const struct sandbox_result *result = end->result;
    int64_t ms = result->usage.ms > 0 ? result->usage.ms : result->duration_ms;
    json_t *item = item_of(worker, attempt);
    AUTO(json)
    json_t *rest = json_pack(
        "{s:s, s:o, s:i, s:i, s:o, s:o, s:I, s:I, s:I, s:b, s:O, s:o}", "outcome", end->outcome,
        "reason", transition_text(end->reason), "exit_code", result->exit_code, "term_signal",
        result->term_signal, "error_name", transition_text(result->error_name), "error_value",
        transition_text(result->error_value), "duration_ms", (json_int_t)result->duration_ms,
        "cpu_ms", (json_int_t)result->cpu_ms, "memory_peak_bytes",
        (json_int_t)result->memory_peak_bytes, "output_truncated", result->output_truncated,
        "items", end->items, "cost", cost_of(attempt, &result->usage, ms));
    json_object_update(item, rest);
    json_object_set_new(item, "adopt", json_boolean(end->may_run_on));
    return item;
}

bool transition_finish(struct worker *worker, const struct attempt *attempt,
                       const struct transition_end *end, struct error *err)
{
    FAULT("worker.finish.in_tx");
    if (!move(worker, worker->finishes, finish_item(worker, attempt, end), err))
        return false;
    FAULT("worker.finish.after_commit");
    return true;
}
