#include "worker/adopt.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/dispatch.h"
#include "worker/run_internal.h"
#include "worker/store.h"

#define ADOPT_MOST 16
/* Its items are counted from here for each try: what the lost worker or an earlier try
 * stored under smaller numbers is no part of the result. */
#define ITEMS_PER_TRY 100

struct choice {
    struct buffer names;
    size_t room;
};

static void choice_auto(struct choice *choice)
{
    buffer_auto(&choice->names);
}

static void choose(void *context, struct backend *backend)
{
    struct choice *choice = context;
    size_t room = backend_room(backend);
    if (!backend->sandbox->attach || room == 0)
        return;
    buffer_printf(&choice->names, "%s%s", choice->names.len ? "," : "{", backend->name);
    choice->room += room;
}

void adopt_lost(struct worker *worker)
{
    const struct store_caller caller = {worker->pool, worker->id, worker->settings->lease_ms};
    AUTO(rows) struct rows *rows = NULL;
    AUTO(choice) struct choice choice = {0};
    struct error err = {0};
    backends_each(worker->backends, choose, &choice);
    if (choice.room == 0)
        return;
    buffer_add_text(&choice.names, "}");
    size_t taken =
        slots_reserve(worker->slots, choice.room < ADOPT_MOST ? choice.room : ADOPT_MOST);
    if (taken == 0)
        return;
    int64_t claimed_ms = clock_monotonic_ms();
    if (!store_adopt(&caller, choice.names.data, taken, &rows, &err)) {
        log_error("adopt.failed", &err);
        slots_unreserve(worker->slots, taken);
        return;
    }
    dispatch_hand_over(worker, rows, attempt_from_adoption, claimed_ms);
    slots_unreserve(worker->slots, taken - rows_count(rows));
}

/* For those who watch: nobody follows the run any more. */
static void announce_end(struct run *run)
{
    json_t *event = json_object_get(run->attempt->manifest, "event");
    json_object_del(event, "held");
    json_object_set_new(event, "what", json_string("attempt.adopt_end"));
    transition_announce(run->worker, run->attempt->manifest);
}

/* What can not be given back is free again when its lease ends. */
static void end_adoption(struct run *run, const char *reason, bool is_final)
{
    struct worker *worker = run->worker;
    const struct store_caller caller = {worker->pool, worker->id, worker->settings->lease_ms};
    struct error err = {0};
    int64_t retry_ms = RUN_RETRY_FIRST_MS;
    run_log(run, LOG_WARN, is_final ? "attempt.not_adopted" : "attempt.adoption_put_off", reason);
    while (!store_adoption_end(&caller, run->attempt, reason, is_final, &err))
        if (!slot_lease_is_ours(run->slot) || !run_wait_to_retry(run, &err, &retry_ms)) {
            run_log(run, LOG_WARN, "attempt.adoption_end_failed", err.text);
            return;
        }
    announce_end(run);
}

static bool attach(struct run *run, struct error *err)
{
    run->backend = backends_find(run->worker->backends, run->attempt->bundle.sandbox);
    if (!run->backend || !run->backend->sandbox->attach)
        return fail(err, ERR_UNAVAILABLE, "this worker can not attach to %s",
                    run->attempt->bundle.sandbox);
    const struct sandbox_backend *sandbox = run->backend->sandbox;
    run->job = attempt_job(run->attempt);
    run->job.instance = run->worker->instance;
    run->job.cancelled = slot_told(run->slot);
    if (!run_may_go_on(run, err) || !run_enter(run, err))
        return false;
    if (!sandbox->attach(sandbox->context, &run->job, run->attempt->remote, &run->sandbox, err)) {
        run_blame(run, err);
        return false;
    }
    slot_attach(run->slot, sandbox, run->sandbox);
    run_works(run);
    return true;
}

static void started(void *context)
{
    (void)context; /* long ago */
}

void adopt_run(struct run *run)
{
    struct error err = {0};
    struct sandbox_result result = {0};
    struct transition_end end;
    const struct sandbox_sink sink = run_sink(run, started);
    run->output.item_count = (int32_t)(ITEMS_PER_TRY * run->attempt->adoptions);
    transition_announce(run->worker, run->attempt->manifest);
    if (!attach(run, &err)) {
        end_adoption(run, err.text, err.code == ERR_NOT_FOUND);
        return;
    }
    run_log(run, LOG_INFO, "attempt.adopted", run->attempt->bundle.sandbox);
    run->backend->sandbox->resume(run->sandbox, &run->job, &sink, &result);
    slot_detach(run->slot);
    run_leave(run, &result);
    enum run_end what = run_judge(run, &result, &end);
    if (what == RUN_WRITE)
        what = run_finish(run, &end);
    else if (slot_stopped(run->slot) != SLOT_STOP_LOST)
        end_adoption(run, *result.reason ? result.reason : "the worker is draining", false);
    run_drop_sandbox(run, what);
}
