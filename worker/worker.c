#include "worker/worker.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "statements.h"
#include "worker/dispatch.h"
#include "worker/heartbeat.h"
#include "worker/janitor.h"
#include "worker/marker.h"
#include "worker/run.h"
#include "worker/signals.h"
#include "worker/store.h"
#include "worker/sweep.h"

#define TICK_MOST_MS 500
#define TICK_LEAST_MS 20
#define CUT_SHORT_MS 10000 /* after leaving was asked for: no call of ours takes longer */

/* The launcher's deadline lies between ours and the end of the lease. */
static struct slot_times times_of(const struct settings *settings)
{
    int64_t give_up_ms = 3 * settings->heartbeat_ms;
    return (struct slot_times){
        .give_up_ms = give_up_ms,
        .keep_ms = (give_up_ms + settings->lease_ms) / 2,
    };
}

static void readiness_changed(void *context)
{
    struct worker *worker = context;
    pulse_ring(worker->heartbeat_now);
    pulse_ring(worker->dispatch_now);
    pulse_ring(worker->sweep_now);
}

struct worker *worker_new(const struct settings *settings, struct backends *take_backends)
{
    struct worker *worker = memory_new(1, sizeof *worker);
    const char *url = settings->database_url.value;
    worker->settings = settings;
    worker->backends = take_backends;
    worker->pool = db_pool_new(url, "countersign-worker", (size_t)settings->worker_connections);
    worker->keeper_pool = db_pool_new(url, "countersign-worker", 2);
    worker->doorbell = doorbell_new(settings->redis_url.value, settings->redis_prefix);
    worker->live = live_new(settings->redis_url.value, settings->redis_prefix);
    worker->marker = marker_new((size_t)settings->worker_slots);
    worker->starts = batch_new(worker->pool, &SQL_START_ATTEMPTS);
    worker->runnings = batch_new(worker->pool, &SQL_MARK_ATTEMPTS_RUNNING);
    worker->releases = batch_new(worker->pool, &SQL_RELEASE_ATTEMPTS);
    worker->finishes = batch_new(worker->pool, &SQL_FINISH_ATTEMPTS);
    worker->dispatch_now = pulse_new();
    worker->sweep_now = pulse_new();
    worker->heartbeat_now = pulse_new();
    worker->janitor_now = pulse_new();
    worker->slots =
        slots_new((size_t)settings->worker_slots, times_of(settings), run_attempt, worker);
    backends_on_change(worker->backends, readiness_changed, worker);
    return worker;
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    slots_free(worker->slots);
    backends_free(worker->backends);
    batch_free(worker->starts);
    batch_free(worker->runnings);
    batch_free(worker->releases);
    batch_free(worker->finishes);
    doorbell_free(worker->doorbell);
    live_free(worker->live);
    marker_free(worker->marker);
    db_pool_free(worker->pool);
    db_pool_free(worker->keeper_pool);
    pulse_free(worker->dispatch_now);
    pulse_free(worker->sweep_now);
    pulse_free(worker->heartbeat_now);
    pulse_free(worker->janitor_now);
    free(worker);
}

/* The threads beside the slots. */
enum {
    THREAD_DISPATCH,
    THREAD_SWEEP,
    THREAD_HEARTBEAT,
    THREAD_JANITOR,
    THREAD_MARKER,
    THREAD_COUNT
};

static void *dispatch_main(void *context)
{
    struct worker *worker = context;
    dispatch_run(worker);
    atomic_fetch_sub(&worker->takers, 1);
    return NULL;
}

static void *sweep_main(void *context)
{
    struct worker *worker = context;
    sweep_run(worker);
    atomic_fetch_sub(&worker->takers, 1);
    return NULL;
}

static void *heartbeat_main(void *context)
{
    heartbeat_run(context);
    return NULL;
}

static void *janitor_main(void *context)
{
    janitor_run(context);
    return NULL;
}

static void *marker_main(void *context)
{
    marker_run(context);
    return NULL;
}

static void start_threads(struct worker *worker, pthread_t ret_threads[THREAD_COUNT])
{
    static void *(*const mains[])(void *) = {
        [THREAD_DISPATCH] = dispatch_main,   [THREAD_SWEEP] = sweep_main,
        [THREAD_HEARTBEAT] = heartbeat_main, [THREAD_JANITOR] = janitor_main,
        [THREAD_MARKER] = marker_main,
    };
    atomic_store(&worker->takers, 2);
    for (size_t i = 0; i < THREAD_COUNT; i++)
        if (pthread_create(&ret_threads[i], NULL, mains[i], worker) != 0)
            abort();
}

static void drain(struct worker *worker, const char *why)
{
    LOG(LOG_INFO, "worker.draining", LOG_TEXT("why", why));
    atomic_store(&worker->draining, true);
    slots_wake(worker->slots);
    pulse_ring(worker->dispatch_now);
    pulse_ring(worker->sweep_now);
    pulse_ring(worker->heartbeat_now);
    pulse_ring(worker->janitor_now);
}

static void leave(struct worker *worker)
{
    LOG(LOG_WARN, "worker.leaving", LOG_TEXT("text", "what still runs is killed"));
    atomic_store(&worker->leaving, true);
    slots_stop_all(worker->slots, SLOT_STOP_DRAIN);
}

static void count_one(void *context, struct slot *slot, const struct attempt *attempt)
{
    (void)context;
    (void)slot;
    (void)attempt;
}

static bool is_over(struct worker *worker)
{
    return atomic_load(&worker->takers) == 0 && slots_each(worker->slots, count_one, NULL) == 0;
}

/* By our own clock alone: a lease that could not be renewed in time costs the
 * runs under it, before anybody else may take them over. */
static void watch_leases(struct worker *worker)
{
    size_t lost = slots_expire(worker->slots, clock_monotonic_ms());
    if (lost > 0)
        LOG(LOG_ERROR, "lease.given_up", LOG_NUMBER("attempts", lost));
}

/* Watches leases and signals until the drain is over. */
static bool watch(struct worker *worker, struct signals *signals, struct error *err)
{
    int64_t tick_ms = worker->settings->heartbeat_ms / 4;
    int64_t deadline_ms = 0;
    tick_ms = tick_ms > TICK_MOST_MS ? TICK_MOST_MS : tick_ms;
    tick_ms = tick_ms < TICK_LEAST_MS ? TICK_LEAST_MS : tick_ms;
    while (!atomic_load(&worker->draining) || !is_over(worker)) {
        bool told = signals_wait(signals, tick_ms);
        int64_t now_ms = clock_monotonic_ms();
        bool draining = atomic_load(&worker->draining);
        watch_leases(worker);
        if (!draining && (told || atomic_load(&worker->broken))) {
            drain(worker, told ? "a signal" : "the database does not fit");
            deadline_ms = now_ms + worker->settings->drain_seconds * 1000;
        } else if (draining && atomic_load(&worker->leaving) && now_ms > deadline_ms) {
            return fail(err, ERR_TIMEOUT, "cut short: a run or a call did not end");
        } else if (draining && !atomic_load(&worker->leaving) && (told || now_ms > deadline_ms)) {
            leave(worker);
            deadline_ms = now_ms + CUT_SHORT_MS;
        }
    }
    return true;
}

bool worker_run(struct worker *worker, struct signals *signals, struct error *err)
{
    pthread_t threads[THREAD_COUNT];
    start_threads(worker, threads);
    if (!watch(worker, signals, err))
        return false;
    atomic_store(&worker->idle, true);
    pulse_ring(worker->heartbeat_now);
    marker_wake(worker->marker);
    for (size_t i = 0; i < THREAD_COUNT; i++)
        pthread_join(threads[i], NULL);
    if (atomic_load(&worker->broken))
        return fail(err, ERR_INTERNAL, "the database does not fit this worker");
    struct error bye = {0};
    int64_t id = atomic_load(&worker->id);
    if (id != 0 && !store_bye(worker->keeper_pool, id, &bye))
        log_error("worker.bye", &bye);
    return true;
}
