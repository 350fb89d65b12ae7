#include "worker/dispatch.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/log.h"
#include "common/io/redis.h"
#include "worker/store.h"

#define POP_WAIT_MS 1000
#define COMMAND_MS 1000
#define AWAY_WAIT_MS 300
#define FULL_WAIT_MS                                                                               \
    100 /* no backend takes anything: until a place is free, or a breaker closes                   \
         */

/* Ids that were popped and not claimed yet: hints are cheap, but a sweep
 * finds a lost one only a second later. */
struct dispatcher {
    struct worker *worker;
    struct redis *redis;
    int64_t ids[CLAIM_MAX];
    size_t count;
};

void dispatch_hand_over(struct worker *worker, const struct rows *rows, dispatch_read_fn *read,
                        int64_t claimed_ms)
{
    for (size_t i = 0; i < rows_count(rows); i++) {
        struct error why = {0};
        struct attempt *attempt = read(rows, i, &why);
        if (attempt->malformed)
            log_error("attempt.malformed", &why);
        slots_take_attempt(worker->slots, attempt, claimed_ms);
    }
}

bool dispatch_claim(struct worker *worker, const int64_t *ids, size_t count, size_t *ret_taken,
                    struct error *err)
{
    const struct store_caller caller = {worker->pool, worker->id, worker->settings->lease_ms};
    AUTO(rows) struct rows *rows = NULL;
    size_t taken = slots_reserve(worker->slots, count < CLAIM_MAX ? count : CLAIM_MAX);
    *ret_taken = taken;
    if (taken == 0)
        return true;
    int64_t claimed_ms = clock_monotonic_ms();
    FAULT("worker.claim.before");
    if (!store_claim(&caller, ids, taken, &rows, err)) {
        slots_unreserve(worker->slots, taken);
        return false;
    }
    FAULT("worker.claim.after_commit");
    dispatch_hand_over(worker, rows, attempt_from_row, claimed_ms);
    slots_unreserve(worker->slots, taken - rows_count(rows));
    return true;
}

static void note_redis(struct worker *worker, bool away, const struct error *err)
{
    if (atomic_exchange(&worker->redis_away, away) == away)
        return;
    if (away)
        log_error("redis.away", err);
    else
        LOG(LOG_INFO, "redis.back");
    pulse_ring(worker->sweep_now);
}

/* What may be taken from where. */
struct queues {
    const char *names[BACKENDS_MAX];
    size_t count;
    size_t most;
};

static void pop(struct dispatcher *dispatcher, const struct queues *queues)
{
    struct worker *worker = dispatcher->worker;
    struct error err = {0};
    size_t most = slots_free_count(worker->slots);
    if (most == 0)
        return;
    most = most > queues->most ? queues->most : most;
    struct redis_ids ids = {.list = dispatcher->ids, .max = most > CLAIM_MAX ? CLAIM_MAX : most};
    bool there =
        redis_pop(dispatcher->redis, queues->names, queues->count, POP_WAIT_MS, &ids, &err);
    note_redis(worker, !there, &err);
    if (ids.forged > 0)
        LOG(LOG_WARN, "queue.forged", LOG_NUMBER("items", ids.forged));
    dispatcher->count = ids.count; /* 0 when Redis is away */
    if (!there)
        pulse_wait(worker->dispatch_now, AWAY_WAIT_MS);
    atomic_store(&worker->queue_empty, dispatcher->count == 0);
}

static void claim_popped(struct dispatcher *dispatcher)
{
    struct error err = {0};
    size_t taken = 0;
    if (!dispatch_claim(dispatcher->worker, dispatcher->ids, dispatcher->count, &taken, &err)) {
        log_error("claim.failed", &err);
        if (store_error_passes(&err)) {
            pulse_wait(dispatcher->worker->dispatch_now, AWAY_WAIT_MS);
            return;
        }
    }
    dispatcher->count -= taken;
    memmove(dispatcher->ids, dispatcher->ids + taken, dispatcher->count * sizeof(int64_t));
}

void dispatch_run(struct worker *worker)
{
    struct dispatcher dispatcher = {.worker = worker};
    dispatcher.redis =
        redis_new(worker->settings->redis_url.value, worker->settings->redis_prefix, COMMAND_MS);
    while (!atomic_load(&worker->draining)) {
        struct queues queues;
        queues.count = backends_queues(worker->backends, queues.names, &queues.most);
        if (atomic_load(&worker->id) == 0)
            pulse_wait(worker->dispatch_now, POP_WAIT_MS);
        else if (queues.count == 0 && dispatcher.count == 0)
            pulse_wait(worker->dispatch_now, FULL_WAIT_MS);
        else if (!slots_wait_free(worker->slots, POP_WAIT_MS))
            continue;
        else if (dispatcher.count == 0)
            pop(&dispatcher, &queues);
        if (dispatcher.count > 0 && !atomic_load(&worker->draining))
            claim_popped(&dispatcher);
    }
    redis_free(dispatcher.redis);
}
