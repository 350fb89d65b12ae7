#include "worker/heartbeat.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/log.h"
#include "statements.h"
#include "worker/store.h"

#define HELLO_RETRY_MS 500

/* What one renewal asked for, so that its answer finds the slots again. */
struct renewal {
    struct {
        struct slot *slot;
        int64_t id, fence;
    } * asked;
    size_t count;
    json_t *items;
};

struct heart {
    struct worker *worker;
    char *reported; /* the backends as our row has them */
    bool failing;
};

static bool introduce(struct worker *worker, json_t *backends, struct error *err)
{
    AUTO(json)
    json_t *item = json_pack("{s:s, s:s, s:I, s:O}", "name", worker->settings->worker_name,
                             "version", COUNTERSIGN_VERSION, "slots",
                             (json_int_t)worker->settings->worker_slots, "backends", backends);
    struct store_hello hello = {0};
    if (!store_hello(worker->keeper_pool, item, &hello, err))
        return false;
    memcpy(worker->instance, hello.instance, sizeof worker->instance);
    atomic_store(&worker->id, hello.worker_id);
    return true;
}

/* Tells our row what the backends can do, when that changed. */
static bool report(struct heart *heart, struct error *err)
{
    struct worker *worker = heart->worker;
    AUTO(json) json_t *backends = backends_report(worker->backends);
    AUTO(text) char *text = json_text(backends);
    int64_t id = atomic_load(&worker->id);
    if (heart->reported && strcmp(text, heart->reported) == 0)
        return true;
    if (id == 0 ? !introduce(worker, backends, err)
                : !store_report(worker->keeper_pool, id, text, err))
        return false;
    free(heart->reported);
    heart->reported = TAKE(text);
    return true;
}

/* Those of our own file: what others ask may change without us. */
static bool check_statements(struct worker *worker, struct error *err)
{
    struct db *db = NULL;
    if (!db_pool_take(worker->keeper_pool, &db, err))
        return false;
    const struct statement **ours = memory_new(statement_count + 1, sizeof(struct statement *));
    size_t count = 0;
    for (size_t i = 0; i < statement_count; i++)
        if (strcmp(statement_table[i]->file, "sql/queries/worker.sql") == 0)
            ours[count++] = statement_table[i];
    bool fine = db_check_statements(db, ours, err);
    db_pool_give(worker->keeper_pool, db);
    free(ours);
    return fine;
}

/* Once at the start. A database that does not fit or may forget is a reason to
 * stop; one that is away is not. */
static void begin(struct heart *heart)
{
    struct worker *worker = heart->worker;
    bool complained = false;
    while (!atomic_load(&worker->draining)) {
        struct error err = {0};
        if (check_statements(worker, &err) && store_check_durable(worker->keeper_pool, &err) &&
            report(heart, &err))
            break;
        if (!complained || !store_error_passes(&err))
            log_error("worker.start", &err);
        complained = true;
        if (!store_error_passes(&err)) {
            atomic_store(&worker->broken, true);
            return;
        }
        pulse_wait(worker->heartbeat_now, HELLO_RETRY_MS);
    }
    if (atomic_load(&worker->id) == 0)
        return;
    LOG(LOG_INFO, "worker.ready", LOG_NUMBER("worker", atomic_load(&worker->id)),
        LOG_TEXT("name", worker->settings->worker_name), LOG_TEXT("backends", heart->reported));
    pulse_ring(worker->dispatch_now);
    pulse_ring(worker->sweep_now);
    pulse_ring(worker->janitor_now);
}

static void ask_for(void *context, struct slot *slot, const struct attempt *attempt)
{
    struct renewal *renewal = context;
    size_t i = renewal->count++;
    renewal->asked[i].slot = slot;
    renewal->asked[i].id = attempt->id;
    renewal->asked[i].fence = attempt->fence;
    json_array_append_new(renewal->items, json_pack("{s:I, s:I}", "id", (json_int_t)attempt->id,
                                                    "fence", (json_int_t)attempt->fence));
}

static const json_t *answer_for(const json_t *attempts, size_t i, int64_t id)
{
    const json_t *same_place = json_array_get(attempts, i);
    if (json_integer_of(same_place, "id", 0) == id)
        return same_place;
    for (size_t j = 0; j < json_array_size(attempts); j++)
        if (json_integer_of(json_array_get(attempts, j), "id", 0) == id)
            return json_array_get(attempts, j);
    return NULL;
}

/* An attempt that is not in the answer is not ours. */
static void apply(const struct renewal *renewal, const json_t *answer, int64_t sent_ms)
{
    const json_t *attempts = json_object_get(answer, "attempts");
    for (size_t i = 0; i < renewal->count; i++) {
        int64_t id = renewal->asked[i].id;
        int64_t fence = renewal->asked[i].fence;
        struct slot *slot = renewal->asked[i].slot;
        const json_t *row = answer_for(attempts, i, id);
        if (!json_flag(row, "ok")) {
            slot_stop(slot, id, fence, SLOT_STOP_LOST);
            continue;
        }
        slot_renew(slot, id, fence, sent_ms);
        if (json_flag(row, "cancel")) {
            FAULT("worker.cancel.seen");
            slot_stop(slot, id, fence, SLOT_STOP_CANCEL);
        }
    }
}

static bool beat(struct heart *heart, struct error *err)
{
    struct worker *worker = heart->worker;
    const struct store_caller caller = {worker->keeper_pool, atomic_load(&worker->id),
                                        worker->settings->lease_ms};
    struct renewal renewal = {0};
    renewal.asked = memory_new((size_t)worker->settings->worker_slots, sizeof *renewal.asked);
    AUTO(json) json_t *items = json_array();
    AUTO(json) json_t *answer = NULL;
    renewal.items = items;
    slots_each(worker->slots, ask_for, &renewal);
    int64_t sent_ms = clock_monotonic_ms();
    FAULT("worker.heartbeat");
    bool fine = store_heartbeat(&caller, items, &answer, err);
    if (fine)
        apply(&renewal, answer, sent_ms);
    free(renewal.asked);
    return fine && report(heart, err);
}

void heartbeat_run(struct worker *worker)
{
    struct heart heart = {.worker = worker};
    begin(&heart);
    while (!atomic_load(&worker->idle) && !atomic_load(&worker->broken)) {
        struct error err = {0};
        bool fine = atomic_load(&worker->id) != 0 && beat(&heart, &err);
        if (err.code != ERR_NONE && !heart.failing)
            log_error("heartbeat.failed", &err);
        if (fine && heart.failing)
            LOG(LOG_INFO, "heartbeat.back");
        heart.failing = !fine;
        pulse_wait(worker->heartbeat_now, worker->settings->heartbeat_ms);
    }
    free(heart.reported);
}
