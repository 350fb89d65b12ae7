#include "worker/sandbox/daytona/daytona_create.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/json.h"
#include "worker/sandbox/daytona/daytona_upload.h"

#define MINUTE_MS 60000
#define SPARE_MINUTES 15 /* that a sandbox outlives a worker which comes back */
#define GAP_FIRST_MS 100
#define GAP_MAX_MS 2000
#define LOOK_TRIES 3 /* for a name whose create was not answered */
#define LOOK_GAP_MS 300
#define EARLIER_FENCES 8
#define HURRY_MS 1000 /* to delete, where somebody waits for the end of a cancelled job */

/* What a create is busy with. */
struct making {
    struct daytona *daytona;
    const struct sandbox_job *job;
    struct sandbox *sandbox;
    int64_t deadline_ms; /* monotonic, until it must be ready */
    bool made;           /* the service has it, or may have */
};

static json_t *labels_of(const struct sandbox_job *job)
{
    char attempt[24], fence[24];
    snprintf(attempt, sizeof attempt, "%" PRId64, job->attempt_id);
    snprintf(fence, sizeof fence, "%" PRId64, job->fence);
    return json_pack("{s:s, s:s, s:s, s:s}", "countersign", job->instance, "attempt", attempt,
                     "fence", fence, "code-toolbox-language", "python");
}

static char *body_of(const struct making *making)
{
    const struct sandbox_job *job = making->job;
    const char *target = making->daytona->options.target;
    json_int_t minutes = (job->limits.wall_ms + MINUTE_MS - 1) / MINUTE_MS + SPARE_MINUTES;
    AUTO(json)
    json_t *root =
        json_pack("{s:s, s:{}, s:o, s:I, s:i, s:I, s:b}", "name", making->sandbox->name, "env",
                  "labels", labels_of(job), "autoStopInterval", minutes, "autoDeleteInterval", 0,
                  "ttlMinutes", 2 * minutes, "networkBlockAll", 1);
    if (job->image && job->image[0])
        json_object_set_new(root, "snapshot", json_string(job->image));
    if (target && target[0])
        json_object_set_new(root, "target", json_string(target));
    return json_text(root);
}

static bool is_cancelled(const struct making *making)
{
    return making->job->cancelled && atomic_load(making->job->cancelled);
}

/* Takes the error's code, and the time that the service wants to be left alone. */
static bool refuse(const struct making *making, enum error_code code,
                   const struct http_answer *answer, struct error *err)
{
    if (making->job->retry_after_ms && answer->retry_after_ms >= 0)
        *making->job->retry_after_ms = answer->retry_after_ms;
    return fail(err, code, "Daytona made no sandbox: status %d %s", answer->status, answer->text);
}

/* It wants to be asked less: for the queue, and not its fault. */
static bool throttled(struct making *making, int64_t retry_after_ms, struct error *err)
{
    making->sandbox->retry_after_ms = retry_after_ms;
    return fail(err, ERR_THROTTLED, "Daytona answers no more calls now (429)");
}

static bool is_ours(const struct sandbox_job *job, const struct daytona_sandbox *found)
{
    return strcmp(found->instance, job->instance) == 0 && found->attempt_id == job->attempt_id &&
           found->fence == job->fence;
}

/* After an answer that never came or made no sense, and when the name is taken:
 * what bears our name is ours. */
static bool take_by_name(struct making *making, bool surely, struct error *err)
{
    struct sandbox *sandbox = making->sandbox;
    enum daytona_look look = DAYTONA_UNSURE;
    for (int i = 0; i < LOOK_TRIES && look != DAYTONA_FOUND; i++) {
        if (i > 0 && (surely || !daytona_nap(making->job->cancelled, LOOK_GAP_MS)))
            break;
        look = daytona_get(making->daytona, sandbox->name,
                           clock_monotonic_ms() + making->daytona->options.call_ms / 2,
                           making->job->cancelled, &sandbox->remote);
    }
    if (look != DAYTONA_FOUND)
        return fail(err, ERR_UNAVAILABLE, "Daytona did not say whether it made a sandbox");
    if (is_ours(making->job, &sandbox->remote))
        return true;
    making->made = false; /* not ours to delete */
    return fail(err, ERR_UNAVAILABLE, "the name %s is taken at Daytona", sandbox->name);
}

static bool send_create(struct making *making, struct error *err)
{
    AUTO(text) char *body = body_of(making);
    AUTO(http_answer) struct http_answer answer = {0};
    const struct daytona_call call = {.method = "POST",
                                      .path = "/sandbox",
                                      .body = body,
                                      .deadline_ms = making->deadline_ms,
                                      .each_ms = making->daytona->options.call_ms,
                                      .cancelled = making->job->cancelled};
    bool answered = daytona_call(making->daytona, &call, &answer);
    FAULT("worker.remote.create_sent");
    making->made = answer.sent;
    if (answered && answer.status >= 200 && answer.status < 300) {
        AUTO(json) json_t *root = daytona_body(&answer);
        if (root && daytona_read_sandbox(root, &making->sandbox->remote))
            return true;
    }
    if (answer.end == HTTP_CANCELLED)
        return fail(err, ERR_CONFLICT, "cancelled");
    if (!answered)
        return answer.sent ? take_by_name(making, false, err)
                           : refuse(making, ERR_UNAVAILABLE, &answer, err);
    enum error_code code = daytona_create_error(answer.status, answer.text);
    if (code == ERR_LOST || code == ERR_CONFLICT)
        return take_by_name(making, code == ERR_CONFLICT, err);
    making->made = daytona_failed_start(answer.status, answer.text);
    return refuse(making, code, &answer, err);
}

/* A claim before this one may have left a sandbox: it is gone before another is made. */
static bool clear_earlier(struct making *making, struct error *err)
{
    const struct sandbox_job *job = making->job;
    int64_t end = clock_monotonic_ms() + making->daytona->options.call_ms;
    for (int64_t fence = job->fence - 1; fence > 0 && job->fence - fence <= EARLIER_FENCES;
         fence--) {
        struct daytona_sandbox found;
        char name[DAYTONA_ID];
        snprintf(name, sizeof name, "cs-%.8s-%" PRId64 "-%" PRId64, job->instance, job->attempt_id,
                 fence);
        enum daytona_look look = daytona_get(making->daytona, name, end, job->cancelled, &found);
        if (look == DAYTONA_BUSY)
            return throttled(making, found.retry_after_ms, err);
        if (look == DAYTONA_UNSURE || look == DAYTONA_REFUSED)
            return fail(err, look == DAYTONA_REFUSED ? ERR_FORBIDDEN : ERR_UNAVAILABLE,
                        "Daytona did not say whether %s is gone", name);
        bool ours = look == DAYTONA_FOUND && strcmp(found.instance, job->instance) == 0;
        if (ours && found.step != DAYTONA_GONE &&
            !daytona_delete(making->daytona, found.id, end, &making->sandbox->retry_after_ms, err))
            return false;
    }
    return true;
}

static bool start_again(struct making *making)
{
    char path[DAYTONA_PATH];
    AUTO(http_answer) struct http_answer answer = {0};
    snprintf(path, sizeof path, "/sandbox/%s/start", making->sandbox->remote.id);
    const struct daytona_call call = {.method = "POST",
                                      .path = path,
                                      .deadline_ms = making->deadline_ms,
                                      .each_ms = making->daytona->options.call_ms,
                                      .cancelled = making->job->cancelled};
    return daytona_call(making->daytona, &call, &answer);
}

/* True when it is ready. What is neither ready nor an error is asked again. */
static bool look_again(struct making *making, int64_t *gap, struct error *err)
{
    struct daytona_sandbox *now = &making->sandbox->remote;
    struct daytona_sandbox found;
    err->code = ERR_NONE;
    enum daytona_look look =
        daytona_get(making->daytona, now->id, making->deadline_ms, making->job->cancelled, &found);
    if (look == DAYTONA_FOUND && !is_ours(making->job, &found)) {
        now->id[0] = '\0'; /* what was made has our name still */
        return fail(err, ERR_UNAVAILABLE, "Daytona answers with a sandbox that is not ours");
    }
    if (look == DAYTONA_FOUND)
        *now = found;
    if (look == DAYTONA_REFUSED)
        return fail(err, ERR_FORBIDDEN, "Daytona refused the key");
    if (look == DAYTONA_BUSY)
        return throttled(making, found.retry_after_ms, err);
    if (look == DAYTONA_ABSENT || (look == DAYTONA_FOUND && now->step == DAYTONA_GONE))
        return fail(err, ERR_UNAVAILABLE, "the sandbox is gone before it was ready");
    if (look == DAYTONA_FOUND && now->step == DAYTONA_READY)
        return true;
    if (look == DAYTONA_FOUND && now->step == DAYTONA_FAILED)
        return fail(err,
                    daytona_create_error(400, now->reason) == ERR_THROTTLED ? ERR_THROTTLED
                                                                            : ERR_UNAVAILABLE,
                    "the sandbox failed (%s): %s", now->state, now->reason);
    if (look == DAYTONA_FOUND && now->step == DAYTONA_START && !start_again(making))
        *gap = GAP_MAX_MS;
    return false;
}

/* The answer of create may be older than the sandbox: it is asked in any case. */
static bool wait_ready(struct making *making, struct error *err)
{
    int64_t gap = GAP_FIRST_MS;
    while (!look_again(making, &gap, err)) {
        if (err->code != ERR_NONE)
            return false;
        if (clock_monotonic_ms() + gap >= making->deadline_ms)
            return fail(err, ERR_UNAVAILABLE, "the sandbox was not ready in time (%s)",
                        making->sandbox->remote.state);
        if (!daytona_nap(making->job->cancelled, gap))
            return fail(err, ERR_CONFLICT, "cancelled");
        gap = gap * 13 / 10 < GAP_MAX_MS ? gap * 13 / 10 : GAP_MAX_MS;
    }
    return true;
}

/* 409: an answer was lost, and it is there; other answers prove nothing. */
static bool is_open(const struct making *making)
{
    char path[DAYTONA_PATH];
    AUTO(http_answer) struct http_answer answer = {0};
    snprintf(path, sizeof path, "/process/session/%s", making->sandbox->session);
    const struct daytona_call call = {.method = "GET",
                                      .base = making->sandbox->toolbox,
                                      .path = path,
                                      .deadline_ms = making->deadline_ms,
                                      .cancelled = making->job->cancelled};
    if (!daytona_call(making->daytona, &call, &answer) || answer.status != 200)
        return false;
    AUTO(json) json_t *root = daytona_body(&answer);
    return json_is_array(json_object_get(root, "commands"));
}

static bool open_session(struct making *making, struct error *err)
{
    char body[DAYTONA_ID + 32];
    struct sandbox *sandbox = making->sandbox;
    snprintf(body, sizeof body, "{\"sessionId\":\"%s\"}", sandbox->session);
    const struct daytona_call call = {.method = "POST",
                                      .base = sandbox->toolbox,
                                      .path = "/process/session",
                                      .body = body,
                                      .deadline_ms = making->deadline_ms,
                                      .cancelled = making->job->cancelled};
    for (int64_t gap = GAP_FIRST_MS;; gap *= 2) {
        AUTO(http_answer) struct http_answer answer = {0};
        bool answered = daytona_call(making->daytona, &call, &answer);
        bool told = answered && (answer.status == 409 || answer.status / 100 == 2);
        if (answered && (answer.status == 201 || (told && is_open(making))))
            return true;
        bool refused = answer.status == 401 || answer.status == 403;
        int64_t wait = answer.retry_after_ms > gap ? answer.retry_after_ms : gap;
        bool again = !refused && gap < GAP_MAX_MS &&
                     clock_monotonic_ms() + wait < making->deadline_ms &&
                     daytona_nap(making->job->cancelled, wait);
        if (!again)
            return fail(err, daytona_error(sandbox, &answer),
                        "Daytona opened no session: status %d %s", answer.status, answer.text);
    }
}

static void set_reference(struct sandbox *sandbox)
{
    const struct daytona_sandbox *remote = &sandbox->remote;
    AUTO(json)
    json_t *usage = json_pack("{s:f, s:I, s:I}", "cpu", remote->cpu, "memory_mib",
                              (json_int_t)(remote->memory_gib * 1024), "disk_gib",
                              (json_int_t)remote->disk_gib);
    AUTO(json)
    json_t *root =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:O}", "sandbox_id", remote->id, "name", sandbox->name,
                  "toolbox", sandbox->toolbox, "session", sandbox->session, "created_ms",
                  (json_int_t)sandbox->created_ms, "usage", usage);
    sandbox->reference = json_text(root);
}

static bool prepare(struct making *making, struct error *err)
{
    static const struct remote_options options = {.root = DAYTONA_ROOT, .mark = true};
    struct remote remote;
    if (!remote_start(&remote, making->job, &options, err))
        return false;
    bool good = send_create(making, err);
    if (good)
        FAULT("worker.remote.created");
    good =
        good && wait_ready(making, err) &&
        daytona_find_toolbox(making->sandbox, making->deadline_ms, making->job->cancelled, err) &&
        daytona_upload(making->sandbox, &remote, false, making->job->cancelled, err) &&
        open_session(making, err);
    remote_auto(&remote);
    return good;
}

/* Nothing that was made is left, as far as the service lets us; the janitor knows its label. */
static void undo(struct making *making)
{
    struct error ignored;
    const struct daytona_sandbox *remote = &making->sandbox->remote;
    int64_t most = making->daytona->options.call_ms / 2;
    int64_t end =
        clock_monotonic_ms() + (is_cancelled(making) && most > HURRY_MS ? HURRY_MS : most);
    if (!making->made)
        return;
    FAULT("worker.remote.delete");
    (void)!daytona_delete(making->daytona, remote->id[0] ? remote->id : making->sandbox->name, end,
                          NULL, &ignored);
}

bool daytona_create(void *context, const struct sandbox_job *job, struct sandbox **ret_sandbox,
                    struct error *err)
{
    struct daytona *daytona = context;
    struct sandbox *sandbox = daytona_sandbox_new(daytona, job);
    struct making making = {.daytona = daytona,
                            .job = job,
                            .sandbox = sandbox,
                            .deadline_ms = clock_monotonic_ms() + 3 * daytona->options.call_ms};
    bool prepared = clear_earlier(&making, err) && prepare(&making, err);
    if (job->made && sandbox->remote.id[0])
        daytona_sandbox_usage(sandbox, job->made);
    if (!prepared) {
        undo(&making);
        if (job->retry_after_ms && sandbox->retry_after_ms >= 0)
            *job->retry_after_ms = sandbox->retry_after_ms;
        daytona_sandbox_free(sandbox);
        if (is_cancelled(&making))
            fail(err, ERR_CONFLICT, "cancelled");
        return false;
    }
    set_reference(sandbox);
    *ret_sandbox = sandbox;
    return true;
}
