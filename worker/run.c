#include "worker/run.h"

#include <string.h>

#include "common/base/fault.h"
#include "common/base/log.h"
#include "worker/inputs.h"
#include "worker/output.h"
#include "worker/store.h"
#include "worker/transition.h"

#define RETRY_FIRST_MS 50
#define RETRY_MOST_MS 1000

struct run {
    struct worker *worker;
    struct slot *slot;
    struct attempt *attempt;
    struct sandbox_job job;
    const struct sandbox_backend *backend;
    struct sandbox *sandbox;
    struct output output;
};

static void log_run(const struct run *run, enum log_level level, const char *event,
                    const char *text)
{
    LOG(level, event, LOG_NUMBER("attempt", run->attempt->id),
        LOG_NUMBER("request", run->attempt->bundle.request_id),
        LOG_NUMBER("fence", run->attempt->fence), LOG_TEXT("text", text));
}

/* True while the same call is worth another try; waits before it. */
static bool wait_to_retry(const struct run *run, const struct error *err, int64_t *io_retry_ms)
{
    if (!store_error_passes(err) || atomic_load(&run->worker->leaving))
        return false;
    slot_wait(run->slot, *io_retry_ms);
    *io_retry_ms = *io_retry_ms * 2 < RETRY_MOST_MS ? *io_retry_ms * 2 : RETRY_MOST_MS;
    return true;
}

/* Only while the worker itself wrote less than the whole frame. What can not be
 * given back returns by itself, or becomes unknown, when its lease ends. */
static void give_back(struct run *run, const char *reason)
{
    struct error err = {0};
    int64_t retry_ms = RETRY_FIRST_MS;
    log_run(run, LOG_WARN, "attempt.released", reason);
    while (!transition_release(run->worker, run->attempt, reason, &err))
        if (!slot_lease_is_ours(run->slot) || !wait_to_retry(run, &err, &retry_ms)) {
            log_run(run, LOG_WARN, "attempt.release_failed", err.text);
            return;
        }
}

static void refuse(struct run *run, const char *why)
{
    struct error err = {0};
    int64_t retry_ms = RETRY_FIRST_MS;
    log_run(run, LOG_ERROR, "attempt.refused", why);
    do
        (void)!transition_refuse(run->worker, run->attempt, &err);
    while (slot_lease_is_ours(run->slot) && wait_to_retry(run, &err, &retry_ms));
    log_run(run, LOG_INFO, "attempt.refusal_recorded", err.text);
}

static bool should_stop_early(const struct run *run, struct error *err)
{
    if (slot_stopped(run->slot) != SLOT_STOP_NONE || !slot_lease_is_ours(run->slot))
        return !fail(err, ERR_CONFLICT, "stopped before the start");
    if (atomic_load(&run->worker->draining))
        return !fail(err, ERR_CONFLICT, "the worker is draining");
    return false;
}

/* Inputs and sandbox. Nothing has left yet. */
static bool prepare(struct run *run, struct error *err)
{
    struct worker *worker = run->worker;
    run->backend = backends_find(worker->backends, run->attempt->bundle.sandbox);
    if (!run->backend)
        return fail(err, ERR_UNAVAILABLE, "this worker has no backend %s",
                    run->attempt->bundle.sandbox);
    if (!inputs_fetch(worker->pool, run->attempt, err))
        return false;
    run->job = attempt_job(run->attempt);
    if (should_stop_early(run, err) ||
        !run->backend->create(run->backend->context, &run->job, &run->sandbox, err))
        return false;
    slot_attach(run->slot, run->backend, run->sandbox);
    FAULT("worker.spawn.before_code");
    return !should_stop_early(run, err);
}

/* The commit after which the code may leave. A lost answer is looked up; when
 * the start did not commit, or nobody can say, not a byte leaves. */
static bool start(struct run *run, struct error *err)
{
    if (transition_start(run->worker, run->attempt, err))
        return true;
    if (err->code != ERR_LOST)
        return false;
    struct error again = {0};
    int64_t retry_ms = RETRY_FIRST_MS;
    bool holds = false;
    while (!transition_start_holds(run->worker, run->attempt, &holds, &again))
        if (!slot_lease_is_ours(run->slot) || !wait_to_retry(run, &again, &retry_ms))
            return false;
    return holds;
}

static void started(void *context)
{
    struct output *output = context;
    struct error err = {0};
    LOG(LOG_INFO, "attempt.code_sent", LOG_NUMBER("attempt", output->attempt->id),
        LOG_NUMBER("fence", output->attempt->fence));
    FAULT("worker.run.running");
    /* Only for people to see: finish takes an attempt that is still starting. */
    if (!transition_running(output->worker, output->attempt, &err) && err.code != ERR_LOST)
        LOG(LOG_WARN, "attempt.running_not_recorded", LOG_NUMBER("attempt", output->attempt->id),
            LOG_TEXT("text", err.text));
}

static bool add_stream(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    return output_add_stream(context, stream, chunk);
}

static bool begin_item(void *context, const char *kind, const char *mime, const char *name)
{
    return output_begin_item(context, kind, mime, name);
}

static bool add_item(void *context, struct bytes chunk)
{
    return output_add_item(context, chunk);
}

static bool end_item(void *context)
{
    return output_end_item(context);
}

/* What is written down. False: nothing may be. */
static bool judge(const struct run *run, const struct sandbox_result *result,
                  struct transition_end *ret_end)
{
    static const char *const outcomes[] = {
        [SANDBOX_SUCCEEDED] = "succeeded", [SANDBOX_FAILED] = "failed",
        [SANDBOX_TIMED_OUT] = "timed_out", [SANDBOX_CANCELLED] = "cancelled",
        [SANDBOX_UNKNOWN] = "unknown",
    };
    enum slot_stop stop = slot_stopped(run->slot);
    /* An exit by itself is evidence even when it comes late; an end that we or
     * the launcher caused because the lease was gone is not. */
    bool ended_itself = result->outcome == SANDBOX_SUCCEEDED ||
                        (result->outcome == SANDBOX_FAILED && result->term_signal == 0);
    if (stop == SLOT_STOP_LOST && !ended_itself)
        return false;
    *ret_end = (struct transition_end){outcomes[result->outcome], result->reason, result,
                                       run->output.items};
    if (result->outcome == SANDBOX_CANCELLED && stop != SLOT_STOP_CANCEL) {
        ret_end->outcome = "unknown";
        ret_end->reason = stop == SLOT_STOP_DRAIN ? "worker_stopped" : "output_lost";
    }
    return true;
}

/* Tries until it is durable or refused: nothing else may hold the result. */
static void finish(struct run *run, struct transition_end *end)
{
    struct error err = {0};
    int64_t retry_ms = RETRY_FIRST_MS;
    if (!output_end(&run->output)) {
        log_run(run, LOG_ERROR, "attempt.output_lost", run->output.fault.text);
        end->outcome = "unknown";
        end->reason = "output_lost";
    }
    FAULT("worker.finish.before");
    while (!transition_finish(run->worker, run->attempt, end, &err))
        if (!wait_to_retry(run, &err, &retry_ms)) {
            log_run(run, LOG_WARN, "attempt.finish_refused", err.text);
            return;
        }
    log_run(run, LOG_INFO, "attempt.finished", end->outcome);
}

static void execute(struct run *run)
{
    struct sandbox_result result = {0};
    struct transition_end end;
    const struct sandbox_sink sink = {&run->output, started,  add_stream,
                                      begin_item,   add_item, end_item};
    if (slot_stopped(run->slot) != SLOT_STOP_NONE || !slot_lease_is_ours(run->slot))
        result.outcome = SANDBOX_NOT_STARTED;
    else
        run->backend->run(run->sandbox, &run->job, &sink, &result);
    /* Its place is free for the next one while the result is written down. */
    slot_detach(run->slot);
    run->backend->destroy(TAKE(run->sandbox));
    if (result.outcome == SANDBOX_NOT_STARTED)
        give_back(run, *result.reason ? result.reason : "not_started");
    else if (judge(run, &result, &end))
        finish(run, &end);
    else
        log_run(run, LOG_WARN, "attempt.lease_lost", "killed; nothing is written");
}

/* What to do with an attempt that did not start. */
static void settle_unstarted(struct run *run, const struct error *err)
{
    if (err->code == ERR_STALE && !run->sandbox)
        refuse(run, err->text); /* an input is not what was approved */
    else
        give_back(run, err->text);
}

static void start_and_execute(struct run *run)
{
    struct error err = {0};
    if (!attempt_is_what_was_approved(run->attempt, &err)) {
        refuse(run, err.text);
    } else if (start(run, &err)) {
        execute(run);
    } else {
        log_run(run, LOG_WARN, "attempt.not_started", err.text);
        if (store_error_passes(&err))
            give_back(run, err.text);
    }
}

void run_attempt(void *context, struct slot *slot)
{
    struct run run = {.worker = context, .slot = slot, .attempt = slot_attempt(slot)};
    struct error err = {0};
    if (run.attempt->malformed) {
        refuse(&run, "its rows make no sense");
        return;
    }
    output_start(&run.output, run.worker, slot);
    if (prepare(&run, &err))
        start_and_execute(&run);
    else
        settle_unstarted(&run, &err);
    if (run.sandbox) {
        slot_detach(slot);
        run.backend->destroy(run.sandbox);
    }
    output_auto(&run.output);
}
