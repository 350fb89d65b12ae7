#include "worker/run.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/log.h"
#include "worker/adopt.h"
#include "worker/approval.h"
#include "worker/inputs.h"
#include "worker/marker.h"
#include "worker/run_internal.h"
#include "worker/store.h"

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MOST_MS 30000
#define RETRY_AFTER_MOST_MS 600000 /* whatever a service asks for */

static bool make_sandbox(struct run *run, struct error *err)
{
    const struct sandbox_backend *sandbox = run->backend->sandbox;
    bool good = sandbox->create(sandbox->context, &run->job, &run->sandbox, err);
    run->made_ms = clock_monotonic_ms();
    if (good) {
        slot_attach(run->slot, sandbox, run->sandbox);
        return true;
    }
    run_blame(run, err);
    return false;
}

/* What the digest binds is what this sandbox gives: it has nothing of its own to say there. */
static bool sandbox_is_what_was_approved(const struct run *run, struct error *err)
{
    const struct bundle *bundle = &run->attempt->bundle;
    const struct sandbox_backend *sandbox = run->backend->sandbox;
    if (bundle->is_first)
        return true;
    if (strcmp(bundle->terms.isolation, sandbox->isolation) != 0)
        return fail(err, ERR_STALE, "approved was isolation by %s, this sandbox has %s",
                    bundle->terms.isolation, sandbox->isolation);
    if (!sandbox->holds_limits && (bundle->limits.cpu_ms || bundle->limits.tmp_bytes))
        return fail(err, ERR_STALE, "this sandbox can not limit processor time and disk");
    return true;
}

/* Inputs and sandbox. Nothing has left yet. */
static bool prepare(struct run *run, struct error *err)
{
    struct worker *worker = run->worker;
    run->backend = backends_find(worker->backends, run->attempt->bundle.sandbox);
    if (!run->backend)
        return fail(err, ERR_UNAVAILABLE, "this worker has no backend %s",
                    run->attempt->bundle.sandbox);
    /* A service gets the inputs with its sandbox: not a byte that nobody approved. */
    if (!inputs_fetch(worker->pool, run->attempt, err) ||
        !attempt_is_what_was_approved(run->attempt, err) ||
        !sandbox_is_what_was_approved(run, err) ||
        !approval_check(run->attempt, worker->settings->decision_keys_file, err))
        return false;
    run->job = attempt_job(run->attempt);
    run->job.instance = worker->instance;
    run->job.cancelled = slot_told(run->slot);
    run->job.retry_after_ms = &run->retry_after_ms;
    run->job.made = &run->made;
    if (!run_may_go_on(run, err) || !run_enter(run, err) || !make_sandbox(run, err))
        return false;
    FAULT("worker.spawn.before_code");
    return run_may_go_on(run, err);
}

static const char *reference_of(const struct run *run)
{
    const struct sandbox_backend *sandbox = run->backend->sandbox;
    return sandbox->reference ? sandbox->reference(run->sandbox) : NULL;
}

/* The commit after which the code may leave. A lost answer is looked up; when
 * the start did not commit, or nobody can say, not a byte leaves. */
static bool start(struct run *run, struct error *err)
{
    if (transition_start(run->worker, run->attempt, reference_of(run), err))
        return true;
    if (err->code != ERR_LOST)
        return false;
    struct error again = {0};
    int64_t retry_ms = RUN_RETRY_FIRST_MS;
    bool holds = false;
    while (!transition_start_holds(run->worker, run->attempt, &holds, &again))
        if (!slot_lease_is_ours(run->slot) || !run_wait_to_retry(run, &again, &retry_ms))
            return false;
    return holds;
}

static void started(void *context)
{
    struct run *run = context;
    LOG(LOG_INFO, "attempt.code_sent", LOG_NUMBER("attempt", run->attempt->id),
        LOG_NUMBER("fence", run->attempt->fence));
    FAULT("worker.run.running");
    run_works(run);
    marker_add(run->worker->marker, run->attempt);
}

/* Longer each time, and not the same for all who wait. */
static int64_t backoff_ms(int64_t tries)
{
    uint32_t random;
    int64_t wait_ms = BACKOFF_FIRST_MS;
    for (int64_t i = 1; i < tries && wait_ms < BACKOFF_MOST_MS; i++)
        wait_ms *= 2;
    wait_ms = wait_ms < BACKOFF_MOST_MS ? wait_ms : BACKOFF_MOST_MS;
    crypto_random(&random, sizeof random);
    return wait_ms * 3 / 4 + random % (uint32_t)(wait_ms / 2);
}

static int64_t delay_of(const struct run *run)
{
    if (run->retry_after_ms >= 0)
        return run->retry_after_ms < RETRY_AFTER_MOST_MS ? run->retry_after_ms
                                                         : RETRY_AFTER_MOST_MS;
    bool is_service = run->backend && run->backend->breaker;
    return is_service && run_may_go_on(run, &(struct error){0}) ? backoff_ms(run->attempt->fence)
                                                                : 0;
}

static void give_back(struct run *run, const char *reason)
{
    const struct transition_release release = {.reason = reason, .retry_after_ms = delay_of(run)};
    run_give_back(run, &release);
}

/* Without a result that may be written, an adopter finds it by its label. */
static void leave_to_others(struct run *run, struct transition_end *end)
{
    struct output nothing;
    output_start(&nothing, run->worker, run->slot);
    end->outcome = "unknown";
    end->items = nothing.items;
    end->may_run_on = true;
    if (slot_stopped(run->slot) != SLOT_STOP_LOST) {
        struct error err = {0};
        if (!transition_finish(run->worker, run->attempt, end, &err))
            run_log(run, LOG_WARN, "attempt.finish_refused", err.text);
    }
    output_auto(&nothing);
    run_log(run, LOG_WARN, "attempt.left", "it may run on; whoever attaches will tell");
}

static void write_down(struct run *run, const struct sandbox_result *result)
{
    struct transition_end end;
    enum run_end what = run_judge(run, result, &end);
    /* A place on this machine is free for the next one while the result is written
     * down; at a service the result goes first. */
    if (!run->backend->breaker)
        run_drop_sandbox(run, what);
    if (what == RUN_WRITE)
        what = run_finish(run, &end);
    else if (what == RUN_ABANDON)
        leave_to_others(run, &end);
    else
        run_log(run, LOG_WARN, "attempt.lease_lost", "killed; nothing is written");
    run_drop_sandbox(run, what);
}

/* Whether code may leave, once its start is committed: a key that was taken out of the list before
 * the commit is not there any more, however long the sandbox took to make. */
static bool may_leave(const struct run *run)
{
    struct error err = {0};
    if (slot_stopped(run->slot) != SLOT_STOP_NONE || !slot_lease_is_ours(run->slot))
        return false;
    if (approval_check(run->attempt, run->worker->settings->decision_keys_file, &err))
        return true;
    run_log(run, LOG_WARN, "attempt.held_back", err.text);
    return false;
}

static void execute(struct run *run)
{
    struct sandbox_result result = {0};
    const struct sandbox_sink sink = run_sink(run, started);
    if (may_leave(run))
        run->backend->sandbox->run(run->sandbox, &run->job, &sink, &result);
    else
        result.outcome = SANDBOX_NOT_STARTED;
    slot_detach(run->slot);
    marker_drop(run->worker->marker, run->attempt);
    run_leave(run, &result);
    if (result.outcome == SANDBOX_NOT_STARTED) {
        run_drop_sandbox(run, RUN_FORGET);
        give_back(run, *result.reason ? result.reason : "not_started");
    } else {
        write_down(run, &result);
    }
}

/* What to do with an attempt that did not start. */
static void settle_unstarted(struct run *run, const struct error *err)
{
    const struct transition_release never = {.reason = err->text, .is_final = true};
    if (err->code == ERR_STALE)
        run_refuse(run, err->text); /* something is not what was approved */
    else if (err->code == ERR_BAD_REQUEST)
        run_give_back(run, &never); /* no worker will ever get such a sandbox */
    else
        give_back(run, err->text);
}

static void start_and_execute(struct run *run)
{
    struct error err = {0};
    if (!attempt_is_what_was_approved(run->attempt, &err)) {
        run_refuse(run, err.text);
    } else if (start(run, &err)) {
        execute(run);
    } else {
        run_log(run, LOG_WARN, "attempt.not_started", err.text);
        if (store_error_passes(&err))
            give_back(run, err.text);
    }
}

void run_attempt(void *context, struct slot *slot)
{
    struct run run = {
        .worker = context, .slot = slot, .attempt = slot_attempt(slot), .retry_after_ms = -1};
    struct error err = {0};
    if (run.attempt->malformed) {
        run_refuse(&run, "its rows make no sense");
        return;
    }
    output_start(&run.output, run.worker, slot);
    if (run.attempt->remote)
        adopt_run(&run);
    else if (prepare(&run, &err))
        start_and_execute(&run);
    else
        settle_unstarted(&run, &err);
    run_drop_sandbox(&run, RUN_FORGET);
    backend_leave(run.backend, &run.pass, BREAKER_NO_ANSWER, "");
    output_auto(&run.output);
}
