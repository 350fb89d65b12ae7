#include "worker/run_internal.h"

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/log.h"
#include "worker/store.h"

#define RETRY_MOST_MS 1000
#define PLACE_WAIT_MS 50

void run_log(const struct run *run, enum log_level level, const char *event, const char *text)
{
    LOG(level, event, LOG_NUMBER("attempt", run->attempt->id),
        LOG_NUMBER("request", run->attempt->bundle.request_id),
        LOG_NUMBER("fence", run->attempt->fence), LOG_TEXT("text", text));
}

bool run_wait_to_retry(const struct run *run, const struct error *err, int64_t *io_retry_ms)
{
    if (!store_error_passes(err) || atomic_load(&run->worker->leaving))
        return false;
    slot_wait(run->slot, *io_retry_ms);
    *io_retry_ms = *io_retry_ms * 2 < RETRY_MOST_MS ? *io_retry_ms * 2 : RETRY_MOST_MS;
    return true;
}

bool run_may_go_on(const struct run *run, struct error *err)
{
    if (slot_stopped(run->slot) != SLOT_STOP_NONE || !slot_lease_is_ours(run->slot))
        return fail(err, ERR_CONFLICT, "stopped before the start");
    if (atomic_load(&run->worker->draining))
        return fail(err, ERR_CONFLICT, "the worker is draining");
    return true;
}

bool run_enter(struct run *run, struct error *err)
{
    while (!backend_enter(run->backend, &run->pass, &run->retry_after_ms, err)) {
        if (err->code != ERR_BUSY || !run_may_go_on(run, err))
            return false;
        slot_wait(run->slot, PLACE_WAIT_MS);
    }
    return true;
}

void run_give_back(struct run *run, const struct transition_release *release)
{
    struct error err = {0};
    int64_t retry_ms = RUN_RETRY_FIRST_MS;
    struct transition_release told = *release;
    struct sandbox_usage usage = run->made;
    if (usage.ms > 0) {
        usage.ms += clock_monotonic_ms() - run->made_ms;
        told.usage = &usage;
    }
    run_log(run, LOG_WARN, "attempt.released", release->reason);
    while (!transition_release(run->worker, run->attempt, &told, &err))
        if (!slot_lease_is_ours(run->slot) || !run_wait_to_retry(run, &err, &retry_ms)) {
            run_log(run, LOG_WARN, "attempt.release_failed", err.text);
            return;
        }
}

void run_refuse(struct run *run, const char *why)
{
    struct error err = {0};
    int64_t retry_ms = RUN_RETRY_FIRST_MS;
    run_log(run, LOG_ERROR, "attempt.refused", why);
    do
        (void)!transition_refuse(run->worker, run->attempt, why, &err);
    while (slot_lease_is_ours(run->slot) && run_wait_to_retry(run, &err, &retry_ms));
    run_log(run, LOG_INFO, "attempt.refusal_recorded", err.text);
}

/* Where the service keeps it running for whoever attaches. */
static bool can_be_left(const struct run *run)
{
    const struct sandbox_backend *sandbox = run->backend->sandbox;
    return sandbox->attach && sandbox->abandon;
}

enum run_end run_judge(const struct run *run, const struct sandbox_result *result,
                       struct transition_end *ret_end)
{
    static const char *const outcomes[] = {
        [SANDBOX_NOT_STARTED] = "unknown", [SANDBOX_SUCCEEDED] = "succeeded",
        [SANDBOX_FAILED] = "failed",       [SANDBOX_TIMED_OUT] = "timed_out",
        [SANDBOX_CANCELLED] = "cancelled", [SANDBOX_UNKNOWN] = "unknown",
    };
    enum slot_stop stop = slot_lease_is_ours(run->slot) ? slot_stopped(run->slot) : SLOT_STOP_LOST;
    bool is_cut = result->outcome == SANDBOX_CANCELLED && stop != SLOT_STOP_CANCEL;
    /* An exit by itself is evidence even when it comes late; an end that we or
     * the launcher caused because the lease was gone is not. */
    bool ended_itself = result->outcome == SANDBOX_SUCCEEDED ||
                        (result->outcome == SANDBOX_FAILED && result->term_signal == 0);
    *ret_end = (struct transition_end){.outcome = outcomes[result->outcome],
                                       .reason = result->reason,
                                       .result = result,
                                       .items = run->output.items};
    if (is_cut) {
        ret_end->outcome = "unknown";
        ret_end->reason = stop == SLOT_STOP_DRAIN ? "worker_stopped" : "output_lost";
    }
    bool may_run_on = (is_cut && stop != SLOT_STOP_NONE) || result->outcome == SANDBOX_UNKNOWN;
    if (may_run_on && can_be_left(run))
        return RUN_ABANDON;
    if (stop != SLOT_STOP_LOST || ended_itself)
        return RUN_WRITE;
    return can_be_left(run) ? RUN_ABANDON : RUN_FORGET; /* another worker may be at it by now */
}

enum run_end run_finish(struct run *run, struct transition_end *end)
{
    struct error err = {0};
    int64_t retry_ms = RUN_RETRY_FIRST_MS;
    if (!output_end(&run->output)) {
        run_log(run, LOG_ERROR, "attempt.output_lost", run->output.fault.text);
        end->outcome = "unknown";
        end->reason = "output_lost";
    }
    FAULT("worker.finish.before");
    while (!transition_finish(run->worker, run->attempt, end, &err))
        if (!run_wait_to_retry(run, &err, &retry_ms)) {
            run_log(run, LOG_WARN, "attempt.finish_refused", err.text);
            return RUN_ABANDON;
        }
    run_log(run, LOG_INFO, "attempt.finished", end->outcome);
    return RUN_WRITE;
}

void run_drop_sandbox(struct run *run, enum run_end end)
{
    if (!run->sandbox)
        return;
    const struct sandbox_backend *backend = run->backend->sandbox;
    slot_detach(run->slot);
    if (end == RUN_ABANDON && can_be_left(run))
        backend->abandon(TAKE(run->sandbox));
    else
        backend->destroy(TAKE(run->sandbox));
}

/* What the breaker makes of it is for all workers to see, soon. */
static void leave(struct run *run, enum breaker_verdict verdict, const char *why)
{
    bool changes =
        run->pass.permit.probe >= 0 || verdict == BREAKER_FAILED || verdict == BREAKER_REFUSED;
    backend_leave(run->backend, &run->pass, verdict, why);
    if (changes && run->backend->breaker)
        pulse_ring(run->worker->heartbeat_now);
}

void run_works(struct run *run)
{
    bool changes = run->pass.permit.probe >= 0;
    backend_works(run->backend, &run->pass);
    if (changes)
        pulse_ring(run->worker->heartbeat_now);
}

void run_leave(struct run *run, const struct sandbox_result *result)
{
    enum breaker_verdict verdict = BREAKER_WORKED;
    if (result->service_fault)
        verdict = BREAKER_FAILED;
    else if (result->outcome == SANDBOX_CANCELLED || result->outcome == SANDBOX_NOT_STARTED)
        verdict = BREAKER_NO_ANSWER;
    leave(run, verdict, *result->reason ? result->reason : "lost");
}

void run_blame(struct run *run, const struct error *err)
{
    bool told = atomic_load(slot_told(run->slot));
    leave(run, told ? BREAKER_NO_ANSWER : backend_verdict(err), err->text);
}

static bool add_stream(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    struct run *run = context;
    return output_add_stream(&run->output, stream, chunk);
}

static bool begin_item(void *context, const char *kind, const char *mime, const char *name)
{
    struct run *run = context;
    return output_begin_item(&run->output, kind, mime, name);
}

static bool add_item(void *context, struct bytes chunk)
{
    struct run *run = context;
    return output_add_item(&run->output, chunk);
}

static bool end_item(void *context)
{
    struct run *run = context;
    return output_end_item(&run->output);
}

struct sandbox_sink run_sink(struct run *run, void (*started)(void *context))
{
    return (struct sandbox_sink){run, started, add_stream, begin_item, add_item, end_item};
}
