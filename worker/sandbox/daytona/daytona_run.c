#include "worker/sandbox/daytona/daytona_run.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/json.h"
#include "worker/sandbox/daytona/daytona_create.h"
#include "worker/sandbox/daytona/daytona_follow.h"
#include "worker/sandbox/daytona/daytona_upload.h"
#include "worker/sandbox/verdict.h"

#define MARGIN_S 2   /* the kill inside comes after ours */
#define LEFT_MS 3000 /* of its time, after a run was taken up; more than MARGIN_S */
#define LOOK_TRIES 4
#define LOOK_GAP_MS 500

static void not_started(struct daytona_run *run)
{
    verdict_set(run->result, SANDBOX_NOT_STARTED, "not_started");
    run->result->service_fault = true;
}

enum daytona_look daytona_find_command(struct sandbox *sandbox, int64_t deadline_ms,
                                       const atomic_bool *cancelled)
{
    char path[DAYTONA_PATH];
    AUTO(http_answer) struct http_answer answer = {0};
    snprintf(path, sizeof path, "/process/session/%s", sandbox->session);
    const struct daytona_call call = {.method = "GET",
                                      .base = sandbox->toolbox,
                                      .path = path,
                                      .deadline_ms = deadline_ms,
                                      .cancelled = cancelled};
    if (!daytona_call(sandbox->daytona, &call, &answer))
        return DAYTONA_UNSURE;
    AUTO(json) json_t *root = answer.status == 200 ? daytona_body(&answer) : NULL;
    if (!root)
        return answer.status == 404 ? DAYTONA_ABSENT : DAYTONA_UNSURE;
    const char *id = json_text_of(json_array_get(json_object_get(root, "commands"), 0), "id");
    if (!id || !daytona_id_fits(id))
        return DAYTONA_ABSENT;
    snprintf(sandbox->command, sizeof sandbox->command, "%s", id);
    return DAYTONA_FOUND;
}

/* Refused by the proxy or the toolbox before anything ran? A sandbox that is going down answers
 * 400 and 404, too: then only that it is still there makes it a refusal. 408 tells of somebody's
 * patience, not of the command. */
static bool is_refused(const struct daytona_run *run, const struct http_answer *answer)
{
    struct sandbox *sandbox = run->sandbox;
    struct daytona_sandbox now;
    int64_t end = clock_monotonic_ms() + sandbox->daytona->options.call_ms / 4;
    if (answer->end != HTTP_ANSWERED || answer->status < 400 || answer->status >= 500 ||
        answer->status == 408)
        return false;
    if (daytona_find_command(sandbox, end, &sandbox->cancelled) == DAYTONA_FOUND)
        return false;
    if (answer->status != 400 && answer->status != 404)
        return true;
    return !strcasestr(answer->text, "is the sandbox started") &&
           daytona_get(sandbox->daytona, sandbox->remote.id, end, &sandbox->cancelled, &now) ==
               DAYTONA_FOUND &&
           now.step == DAYTONA_READY;
}

static void refuse(struct daytona_run *run, const struct http_answer *answer)
{
    struct sandbox_result *result = run->result;
    run->sandbox->running = false;
    verdict_set(result, SANDBOX_FAILED, "refused");
    result->service_fault = true;
    snprintf(result->error_name, sizeof result->error_name, "Daytona");
    snprintf(result->error_value, sizeof result->error_value, "status %d%s%s", answer->status,
             answer->text[0] ? ": " : "", answer->text);
}

static void start_sent(void *context)
{
    struct daytona_run *run = context;
    if (run->told_start)
        return;
    run->told_start = true;
    run->started_ms = clock_monotonic_ms();
    if (run->sink->started)
        run->sink->started(run->sink->context);
}

/* The start is never sent twice: what its answer did not say, the session knows. */
static void look_for_command(struct daytona_run *run)
{
    struct sandbox *sandbox = run->sandbox;
    for (int i = 0; i < LOOK_TRIES; i++) {
        int64_t end = clock_monotonic_ms() + sandbox->daytona->options.call_ms / 4;
        if (daytona_find_command(sandbox, end, &sandbox->cancelled) == DAYTONA_FOUND)
            return;
        if (!daytona_wait(sandbox, LOOK_GAP_MS)) {
            run->stop = DAYTONA_STOP_CANCEL;
            return;
        }
    }
    run->stop = DAYTONA_STOP_LOST;
}

/* False when not one byte of it left. */
static bool send_start(struct daytona_run *run)
{
    struct sandbox *sandbox = run->sandbox;
    AUTO(buffer) struct buffer command = {0};
    remote_command(&run->remote, (run->job->limits.wall_ms + 999) / 1000 + MARGIN_S, &command);
    AUTO(json) json_t *root = json_pack("{s:s, s:b}", "command", command.data, "runAsync", 1);
    AUTO(text) char *body = json_text(root);
    AUTO(http_answer) struct http_answer answer = {0};
    char path[DAYTONA_PATH];
    snprintf(path, sizeof path, "/process/session/%s/exec", sandbox->session);
    int64_t each = sandbox->daytona->options.call_ms / 2;
    const struct daytona_call call = {.method = "POST",
                                      .base = sandbox->toolbox,
                                      .path = path,
                                      .body = body,
                                      .deadline_ms = clock_monotonic_ms() + each,
                                      .each_ms = each,
                                      .sent = start_sent,
                                      .context = run,
                                      .cancelled = &sandbox->cancelled};
    bool answered = daytona_call(sandbox->daytona, &call, &answer);
    if (!answered && !answer.sent)
        return false;
    sandbox->running = true;
    start_sent(run);
    AUTO(json)
    json_t *reply =
        answered && (answer.status == 200 || answer.status == 202) ? daytona_body(&answer) : NULL;
    const char *id = json_text_of(reply, "cmdId");
    if (answer.end == HTTP_CANCELLED)
        run->stop = DAYTONA_STOP_CANCEL;
    else if (id && daytona_id_fits(id))
        snprintf(sandbox->command, sizeof sandbox->command, "%s", id);
    else if (is_refused(run, &answer))
        refuse(run, &answer);
    else
        look_for_command(run);
    return true;
}

static void start(struct daytona_run *run)
{
    struct sandbox *sandbox = run->sandbox;
    struct error err = {0};
    bool good = daytona_upload(sandbox, &run->remote, true, &sandbox->cancelled, &err);
    if (good)
        FAULT("worker.run.half_frame");
    good = good && send_start(run);
    if (!good && atomic_load(&sandbox->cancelled))
        verdict_set(run->result, SANDBOX_CANCELLED, "cancelled");
    else if (!good)
        not_started(run);
    if (good || err.code != ERR_THROTTLED)
        return;
    run->result->service_fault = false;
    if (run->job->retry_after_ms)
        *run->job->retry_after_ms = sandbox->retry_after_ms;
}

/* False when the job can not be what create was given. */
static bool begin(struct daytona_run *run, struct sandbox *sandbox, const struct sandbox_job *job)
{
    static const struct remote_options options = {.root = DAYTONA_ROOT, .mark = true};
    struct error err;
    *run->result = (struct sandbox_result){.exit_code = -1};
    run->sandbox = sandbox;
    run->job = job;
    run->started_ms = clock_monotonic_ms();
    return remote_start(&run->remote, job, &options, &err);
}

static void finish(struct daytona_run *run)
{
    daytona_sandbox_usage(run->sandbox, &run->result->usage);
    remote_auto(&run->remote);
}

void daytona_run(struct sandbox *sandbox, const struct sandbox_job *job,
                 const struct sandbox_sink *sink, struct sandbox_result *ret_result)
{
    struct daytona_run run = {.result = ret_result, .sink = sink};
    if (begin(&run, sandbox, job))
        start(&run);
    else
        not_started(&run);
    if (sandbox->running)
        daytona_follow(&run);
    finish(&run);
}

/* Its time began with somebody else. What runs there is ended by its own limit; here a
 * little is left in any case, to see the end. */
void daytona_resume(struct sandbox *sandbox, const struct sandbox_job *job,
                    const struct sandbox_sink *sink, struct sandbox_result *ret_result)
{
    struct daytona_run run = {.result = ret_result, .sink = sink, .resumed = true};
    sandbox->running = true;
    if (!begin(&run, sandbox, job))
        run.stop = DAYTONA_STOP_LOST;
    int64_t past = job->limits.wall_ms - job->elapsed_ms > LEFT_MS ? job->elapsed_ms
                                                                   : job->limits.wall_ms - LEFT_MS;
    run.started_ms -= past > 0 ? past : 0;
    daytona_follow(&run);
    finish(&run);
}
