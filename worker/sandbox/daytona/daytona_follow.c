#include "worker/sandbox/daytona/daytona_follow.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/json.h"
#include "worker/sandbox/daytona/daytona_results.h"
#include "worker/sandbox/verdict.h"

#define GAP_FIRST_MS 50
#define GAP_MAX_MS 2000
#define GAP_LONG_MS 10000 /* where fetching the log takes long */
#define BUSY_MAX_MS 30000
#define BUSY_PATIENCE 10  /* times the usual one: 429 tells nothing bad of the sandbox */
#define LAST_LOOK_MS 3000 /* after the deadline */
/* Of the log's JSON, per byte that was printed: at worst an empty line, whose mark is \u0001 three
 * times, and which comes once more without. */
#define JSON_GROWTH 24
#define KILLED 137 /* by `timeout -s KILL`, or by any SIGKILL */

static int64_t deadline_of(const struct daytona_run *run)
{
    return run->started_ms + run->job->limits.wall_ms;
}

static bool take_output(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    struct daytona_run *run = context;
    int64_t room = run->job->limits.output_bytes - run->output_bytes;
    if ((int64_t)chunk.len > room) {
        FAULT("worker.run.output_cap");
        run->stop = DAYTONA_STOP_OUTPUT;
        run->result->output_truncated = true;
        chunk.len = room > 0 ? (size_t)room : 0;
    }
    run->output_bytes += (int64_t)chunk.len;
    if (chunk.len > 0 && !run->sink->stream(run->sink->context, stream, chunk))
        run->stop = DAYTONA_STOP_SINK;
    return run->stop == DAYTONA_STOP_NONE;
}

static bool take_log(void *context, struct bytes piece)
{
    struct daytona_run *run = context;
    return daytona_log_take(&run->log, piece);
}

static void path_of(const struct daytona_run *run, const char *rest, char ret_path[DAYTONA_PATH])
{
    snprintf(ret_path, DAYTONA_PATH, "/process/session/%s/command/%s%s", run->sandbox->session,
             run->sandbox->command, rest);
}

/* The whole log so far. False when it could not be read. */
static bool read_log(struct daytona_run *run, int64_t deadline_ms, bool last)
{
    char path[DAYTONA_PATH];
    AUTO(http_answer) struct http_answer answer = {0};
    path_of(run, "/logs", path);
    const struct daytona_call call = {
        .method = "GET",
        .base = run->sandbox->toolbox,
        .path = path,
        .body_max = (size_t)run->job->limits.output_bytes * JSON_GROWTH + DAYTONA_BODY_MAX,
        .deadline_ms = deadline_ms,
        .each_ms = run->sandbox->daytona->options.call_ms / 2,
        .once = true,
        .take = take_log,
        .context = run,
        .cancelled = &run->sandbox->cancelled};
    daytona_log_begin(&run->log, last);
    bool answered = daytona_call(run->sandbox->daytona, &call, &answer);
    if (answer.end == HTTP_TOO_LARGE && run->stop == DAYTONA_STOP_NONE &&
        daytona_log_begun(&run->log)) {
        run->stop = DAYTONA_STOP_OUTPUT;
        run->result->output_truncated = true;
    }
    run->gateway = answered && answer.status == 502;
    return answered && answer.status == 200 && daytona_log_end(&run->log);
}

/* A poll failed: is it only the way there, or the sandbox itself? */
static void look_at_sandbox(struct daytona_run *run, const struct http_answer *answer,
                            int64_t deadline_ms)
{
    bool missing = answer->end == HTTP_ANSWERED && answer->status == 404;
    bool busy = answer->end == HTTP_ANSWERED && answer->status == 429;
    struct daytona *daytona = run->sandbox->daytona;
    struct daytona_sandbox now;
    if (atomic_load(&run->sandbox->cancelled))
        return;
    int64_t end = clock_monotonic_ms() + daytona->options.call_ms / 2;
    enum daytona_look look =
        daytona_get(daytona, run->sandbox->remote.id, end < deadline_ms ? end : deadline_ms,
                    &run->sandbox->cancelled, &now);
    bool there = look == DAYTONA_UNSURE || look == DAYTONA_REFUSED || look == DAYTONA_BUSY ||
                 (look == DAYTONA_FOUND && (now.step == DAYTONA_READY || now.step == DAYTONA_WAIT));
    /* The session is told twice to be gone while the sandbox runs: it was restarted. */
    bool forgot = missing && run->missing && look == DAYTONA_FOUND;
    run->missing = missing;
    int64_t time = clock_monotonic_ms();
    if (!run->trouble_ms)
        run->trouble_ms = time;
    int64_t patience = daytona->options.call_ms * (busy ? BUSY_PATIENCE : 1);
    if (!there || forgot || time - run->trouble_ms > patience)
        run->stop = DAYTONA_STOP_LOST;
}

static bool read_status(struct daytona_run *run, const struct http_answer *answer)
{
    AUTO(json) json_t *root = answer->status == 200 ? daytona_body(answer) : NULL;
    const json_t *code = json_object_get(root, "exitCode");
    bool still_runs = !code || json_is_null(code);
    if (!json_text_of(root, "id") || (!still_runs && !daytona_exit_code(code, &run->exit_code)))
        return false;
    run->exited = !still_runs;
    return true;
}

/* One question for the status, and one for the log. False when not both were answered. */
static bool poll_once(struct daytona_run *run, int64_t deadline_ms)
{
    char path[DAYTONA_PATH];
    AUTO(http_answer) struct http_answer answer = {0};
    FAULT("worker.remote.poll");
    path_of(run, "", path);
    const struct daytona_call call = {.method = "GET",
                                      .base = run->sandbox->toolbox,
                                      .path = path,
                                      .deadline_ms = deadline_ms,
                                      .once = true,
                                      .cancelled = &run->sandbox->cancelled};
    bool answered = daytona_call(run->sandbox->daytona, &call, &answer);
    run->gateway = answered && answer.status == 502;
    run->busy_ms = answer.retry_after_ms < BUSY_MAX_MS ? answer.retry_after_ms : BUSY_MAX_MS;
    bool good = answered && read_status(run, &answer) && read_log(run, deadline_ms, run->exited);
    if (good) {
        run->trouble_ms = 0;
        run->missing = false;
    } else if (run->stop == DAYTONA_STOP_NONE) {
        run->exited = false; /* asked again: its log was not whole */
        if (clock_monotonic_ms() < deadline_ms)
            look_at_sandbox(run, &answer, deadline_ms);
    }
    return good;
}

/* A little longer each time; longer still where a log takes its time. */
static int64_t next_gap(int64_t gap, int64_t took)
{
    gap = gap * 3 / 2 < GAP_MAX_MS ? gap * 3 / 2 : GAP_MAX_MS;
    if (took * 4 > gap)
        gap = took * 4 < GAP_LONG_MS ? took * 4 : GAP_LONG_MS;
    return gap;
}

/* It may have ended just before. Asked for the last time, whatever was printed is taken; that it
 * ran for too long is known only when this is answered. */
static void look_at_end(struct daytona_run *run)
{
    bool troubled = run->trouble_ms != 0;
    int64_t end = clock_monotonic_ms() + LAST_LOOK_MS;
    troubled = !poll_once(run, end) || troubled;
    if (run->exited && run->stop == DAYTONA_STOP_NONE && run->exit_code != KILLED)
        return;
    if (atomic_load(&run->sandbox->cancelled))
        run->stop = DAYTONA_STOP_CANCEL;
    if (run->stop == DAYTONA_STOP_NONE || run->stop == DAYTONA_STOP_LOST)
        run->stop =
            troubled || run->stop == DAYTONA_STOP_LOST ? DAYTONA_STOP_LOST : DAYTONA_STOP_WALL;
}

static void poll_to_end(struct daytona_run *run)
{
    int64_t gap = GAP_FIRST_MS;
    while (run->stop == DAYTONA_STOP_NONE && !run->exited) {
        int64_t left = deadline_of(run) - clock_monotonic_ms();
        if (left <= 0) {
            look_at_end(run);
            return;
        }
        int64_t wait = run->busy_ms > gap ? run->busy_ms : gap;
        if (!daytona_wait(run->sandbox, wait < left ? wait : left)) {
            run->stop = DAYTONA_STOP_CANCEL;
            return;
        }
        int64_t before = clock_monotonic_ms();
        if (before < deadline_of(run))
            (void)!poll_once(run, deadline_of(run));
        gap = next_gap(gap, run->trouble_ms ? 0 : clock_monotonic_ms() - before);
        if (atomic_load(&run->sandbox->cancelled))
            run->stop = DAYTONA_STOP_CANCEL;
    }
}

/* Killed together with what looks after it, which could not leave its mark any more. */
static bool killed_by_limit(const struct daytona_run *run)
{
    if (run->exit_code != KILLED || run->results.state == RESULTS_ENDED)
        return false;
    if (run->resumed)
        return !run->log.marked[SANDBOX_STDOUT] && !run->log.marked[SANDBOX_STDERR];
    return clock_monotonic_ms() >= deadline_of(run);
}

static void judge(struct daytona_run *run)
{
    static const struct {
        enum sandbox_outcome outcome;
        const char *reason;
    } stops[] = {
        [DAYTONA_STOP_WALL] = {SANDBOX_TIMED_OUT, "wall_time"},
        [DAYTONA_STOP_OUTPUT] = {SANDBOX_FAILED, "output"},
        [DAYTONA_STOP_CANCEL] = {SANDBOX_CANCELLED, "cancelled"},
        [DAYTONA_STOP_SINK] = {SANDBOX_UNKNOWN, "output_lost"},
        [DAYTONA_STOP_LOST] = {SANDBOX_UNKNOWN, "service_lost"},
    };
    if (run->stop == DAYTONA_STOP_NONE && killed_by_limit(run))
        run->stop = DAYTONA_STOP_WALL;
    if (run->stop != DAYTONA_STOP_NONE)
        verdict_set(run->result, stops[run->stop].outcome, stops[run->stop].reason);
    else
        remote_judge(&run->results, run->exit_code, run->result);
    /* What uses up all memory kills the daemon inside as well. */
    if (run->stop == DAYTONA_STOP_LOST && run->gateway)
        verdict_set(run->result, SANDBOX_UNKNOWN, "sandbox_lost");
    run->result->service_fault = run->stop == DAYTONA_STOP_LOST;
}

void daytona_follow(struct daytona_run *run)
{
    run->log = (struct daytona_log){.take = take_output, .context = run};
    results_start(&run->results, &run->job->limits);
    poll_to_end(run);
    run->result->duration_ms = clock_monotonic_ms() - run->started_ms;
    if (run->exited && run->stop == DAYTONA_STOP_NONE) {
        FAULT("worker.run.exit_seen");
        run->sandbox->running = false;
        daytona_results(run);
    }
    judge(run);
    results_auto(&run->results);
}
