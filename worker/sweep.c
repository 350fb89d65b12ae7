#include "worker/sweep.h"

#include <string.h>

#include "common/base/log.h"
#include "worker/adopt.h"
#include "worker/dispatch.h"
#include "worker/store.h"
#include "worker/transition.h"

#define AWAY_MS 300   /* while nobody rings */
#define SOONEST_MS 10 /* however many deadlines end at once */

/* What is ready for one backend, as far as it has room. */
struct choice {
    const json_t *ready;
    int64_t ids[CLAIM_MAX];
    size_t count;
};

static void choose(void *context, struct backend *backend)
{
    struct choice *choice = context;
    size_t room = backend_room(backend);
    for (size_t i = 0; i < json_array_size(choice->ready) && choice->count < CLAIM_MAX; i++) {
        const json_t *entry = json_array_get(choice->ready, i);
        const char *name = json_text_of(entry, "backend");
        if (!name || strcmp(name, backend->name) != 0 || room == 0)
            continue;
        choice->ids[choice->count++] = json_integer_of(entry, "id", 0);
        room--;
    }
}

static void claim_ready(struct worker *worker, const json_t *ready)
{
    struct choice choice = {.ready = ready};
    backends_each(worker->backends, choose, &choice);
    struct error err = {0};
    size_t taken = 0;
    if (choice.count > 0 && !dispatch_claim(worker, choice.ids, choice.count, &taken, &err))
        log_error("claim.failed", &err);
}

static void log_found(const json_t *found)
{
    int64_t lost = json_integer_of(found, "lost", 0);
    int64_t expired = json_integer_of(found, "expired", 0);
    if (lost > 0 || expired > 0)
        LOG(LOG_WARN, "sweep.found", LOG_NUMBER("lost_leases", lost),
            LOG_NUMBER("expired", expired));
}

static int64_t interval_ms(const struct worker *worker)
{
    int64_t sweep_ms = worker->settings->sweep_ms;
    return atomic_load(&worker->redis_away) && sweep_ms > AWAY_MS ? AWAY_MS : sweep_ms;
}

/* One sweep; *ret_wait_ms until the next, *ret_more when there may be
 * more than it found slots for. */
static bool sweep_once(struct worker *worker, int64_t *ret_wait_ms, bool *ret_more,
                       struct error *err)
{
    const struct store_caller caller = {worker->pool, worker->id, worker->settings->lease_ms};
    AUTO(json) json_t *found = NULL;
    AUTO(json) json_t *unavailable = backends_unavailable(worker->backends);
    if (!store_sweep(&caller, CLAIM_MAX, unavailable, &found, err))
        return false;
    transition_announce(worker, found);
    log_found(found);
    const json_t *ready = json_object_get(found, "ready");
    claim_ready(worker, ready);
    if (json_flag(found, "adoptable"))
        adopt_lost(worker);
    *ret_more = json_array_size(ready) > 0 && slots_free_count(worker->slots) == 0;
    if (json_flag(found, "cancel"))
        pulse_ring(worker->heartbeat_now);
    int64_t due_ms = json_integer_of(found, "next_due_ms", *ret_wait_ms);
    if (due_ms < *ret_wait_ms)
        *ret_wait_ms = due_ms > SOONEST_MS ? due_ms : SOONEST_MS;
    return true;
}

void sweep_run(struct worker *worker)
{
    bool failing = false;
    while (!atomic_load(&worker->draining)) {
        struct error err = {0};
        int64_t wait_ms = interval_ms(worker);
        bool more = false;
        bool swept = atomic_load(&worker->id) != 0 && sweep_once(worker, &wait_ms, &more, &err);
        if (err.code != ERR_NONE && !failing)
            log_error("sweep.failed", &err);
        failing = !swept;
        /* A backlog that nobody rings for is taken up as slots become free. */
        if (more && atomic_load(&worker->queue_empty))
            slots_wait_free(worker->slots, wait_ms);
        else
            pulse_wait(worker->sweep_now, wait_ms);
    }
}
