#include "worker/sandbox/e2b/e2b_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "worker/sandbox/e2b/e2b_collect.h"
#include "worker/sandbox/e2b/e2b_control.h"
#include "worker/sandbox/e2b/e2b_envd.h"
#include "worker/sandbox/verdict.h"

struct run {
    struct sandbox *sandbox;
    const struct sandbox_job *job;
    const struct sandbox_sink *sink;
    struct sandbox_result *result;
    struct e2b_events events;
    bool sql;
    bool clean; /* the kernel has nothing of the run to do any more */
};

/* ---- judgement ------------------------------------------------------------------------------ */

static const struct {
    enum sandbox_outcome outcome;
    const char *reason;
    bool service_fault;
} ends[] = {
    [E2B_NOT_STARTED] = {SANDBOX_NOT_STARTED, "not_started", true},
    [E2B_THROTTLED] = {SANDBOX_NOT_STARTED, "not_started", false},
    [E2B_TIMED_OUT] = {SANDBOX_TIMED_OUT, "wall_time", false},
    [E2B_CANCELLED] = {SANDBOX_CANCELLED, "cancelled", false},
    [E2B_OVER] = {SANDBOX_FAILED, "output", false},
    [E2B_SINK] = {SANDBOX_UNKNOWN, "output_lost", false},
    [E2B_REFUSED] = {SANDBOX_FAILED, "refused", true},
    [E2B_LOST] = {SANDBOX_UNKNOWN, "service_lost", true},
};

static void judge_end(struct run *run, enum e2b_end end)
{
    verdict_set(run->result, ends[end].outcome, ends[end].reason);
    run->result->service_fault = ends[end].service_fault;
    run->result->output_truncated = end == E2B_OVER;
    if (end != E2B_REFUSED)
        return;
    snprintf(run->result->error_name, sizeof run->result->error_name, "E2B");
    snprintf(run->result->error_value, sizeof run->result->error_value, "%s", run->events.refusal);
}

/* What sys.exit was given. A text is printed and means 1, as in any Python. */
static int exit_code(struct run *run)
{
    static const struct {
        const char *value;
        int code;
    } words[] = {{"", 0}, {"None", 0}, {"True", 1}, {"False", 0}};
    const char *value = run->events.error_value;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(value, words[i].value) == 0)
            return words[i].code;
    char *rest;
    errno = 0;
    long long code = strtoll(value, &rest, 10);
    if (*rest == '\0' && errno == 0)
        return (int)((unsigned long long)code & 255);
    if (run->sql)
        return 1;
    e2b_items_stream(&run->events.items, SANDBOX_STDERR, bytes_of(value));
    e2b_items_stream(&run->events.items, SANDBOX_STDERR, bytes_of("\n"));
    return 1;
}

/* Errors of the service's own making: these bear no traceback. An exception of the code has one,
 * whatever the author called it. */
static bool judge_service_error(struct run *run)
{
    static const struct {
        const char *name;
        enum sandbox_outcome outcome;
        const char *reason;
    } names[] = {
        {"ContextRestarting", SANDBOX_FAILED, "ended_early"}, /* the interpreter died */
        {"WebSocketError", SANDBOX_UNKNOWN, "service_lost"},
        {"UnexpectedEndOfExecution", SANDBOX_UNKNOWN, "service_lost"},
        {"ExecutionAborted", SANDBOX_UNKNOWN, "service_lost"},
    };
    for (size_t i = 0; !run->events.error_traced && i < COUNT_OF(names); i++)
        if (strcmp(run->events.error_name, names[i].name) == 0) {
            verdict_set(run->result, names[i].outcome, names[i].reason);
            snprintf(run->result->error_name, sizeof run->result->error_name, "%s", names[i].name);
            snprintf(run->result->error_value, sizeof run->result->error_value, "%s",
                     run->events.error_value);
            run->result->service_fault = names[i].outcome == SANDBOX_UNKNOWN;
            return true;
        }
    return false;
}

static void judge_python(struct run *run)
{
    struct results_end end = {0};
    if (run->events.has_error && strcmp(run->events.error_name, "SystemExit") == 0) {
        end.exit_code = exit_code(run);
    } else if (run->events.has_error) {
        end.exit_code = 1;
        memcpy(end.error_name, run->events.error_name, sizeof end.error_name);
        memcpy(end.error_value, run->events.error_value, sizeof end.error_value);
    }
    verdict_told(run->result, &end);
}

/* ---- the two languages ---------------------------------------------------------------------- */

static void collect_python(struct run *run)
{
    if (!run->events.has_error)
        e2b_collect_value(run->sandbox, run->job, &run->events, run->clean);
    e2b_collect_files(run->sandbox, &run->events);
    e2b_items_close(&run->events.items);
}

static void collect_sql(struct run *run)
{
    struct results results;
    results_start(&results, &run->job->limits);
    bool fine = e2b_collect_results(run->sandbox, &run->sandbox->remote, run->sink, &results);
    if (results.sink_failed)
        judge_end(run, E2B_SINK);
    else if (fine)
        remote_judge(&results, run->events.has_error ? exit_code(run) : 0, run->result);
    else
        judge_end(run, E2B_LOST);
    results_auto(&results);
}

static void collect(struct run *run)
{
    if (judge_service_error(run))
        return;
    if (run->sql) {
        collect_sql(run);
        return;
    }
    judge_python(run);
    collect_python(run);
    if (run->events.items.sink_failed)
        judge_end(run, E2B_SINK);
    else if (run->events.items.output_over)
        judge_end(run, E2B_OVER);
}

/* A call before the start failed. */
static void judge_refused(struct run *run, const struct error *err)
{
    bool busy = err->code == ERR_THROTTLED;
    e2b_leave_alone(run->job, run->sandbox->retry_after_ms);
    if (err->code == ERR_CONFLICT)
        judge_end(run, E2B_CANCELLED);
    else
        judge_end(run, busy ? E2B_THROTTLED : E2B_NOT_STARTED);
}

/* SQL lies in a file; what runs is a program of ours that reads it. */
static bool upload_sql(struct run *run, struct buffer *ret_cell)
{
    struct remote_file file;
    struct error err = {0};
    remote_code(&run->sandbox->remote, &file);
    const struct http_part part = {.data = file.data, .fd = file.fd, .size = file.size};
    if (!e2b_envd_put(run->sandbox, file.path, &part, &run->sandbox->cancelled, &err)) {
        judge_refused(run, &err);
        return false;
    }
    remote_cell(&run->sandbox->remote, ret_cell);
    return true;
}

static void execute(struct run *run, struct bytes code)
{
    struct error err = {0};
    const struct e2b_cell cell = {.code = code,
                                  .wall_ms = run->job->limits.wall_ms,
                                  .started = run->sink->started,
                                  .context = run->sink->context};
    if (!e2b_control_extend(run->sandbox, run->job, &err)) {
        judge_refused(run, &err);
        return;
    }
    int64_t start_ms = clock_monotonic_ms();
    FAULT("worker.run.half_frame");
    enum e2b_end end = e2b_execute(run->sandbox, &cell, &run->events, &run->clean);
    run->result->duration_ms = clock_monotonic_ms() - start_ms;
    if (end == E2B_TOLD)
        collect(run);
    else
        judge_end(run, end);
}

void e2b_run(struct sandbox *sandbox, const struct sandbox_job *job,
             const struct sandbox_sink *sink, struct sandbox_result *ret_result)
{
    AUTO(buffer) struct buffer cell = {0};
    *ret_result = (struct sandbox_result){.exit_code = -1};
    struct run run = {
        .sandbox = sandbox,
        .job = job,
        .sink = sink,
        .result = ret_result,
        .sql = strcmp(job->language, "sql") == 0,
        .events = {.items = {.sink = sink, .limits = job->limits}},
    };
    run.events.own_program = run.sql;
    if (!run.sql)
        execute(&run, job->code);
    else if (upload_sql(&run, &cell))
        execute(&run, buffer_bytes(&cell));
    ret_result->usage = sandbox->size;
    ret_result->usage.ms = clock_monotonic_ms() - sandbox->created_ms;
    e2b_events_auto(&run.events);
}
