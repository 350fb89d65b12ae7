#include "worker/sandbox/daytona/daytona_results.h"

#include <stdio.h>

#include "common/base/clock.h"

#define TRIES 5
#define DOUBTS 2 /* times that an answer without an end of results is not believed */
#define GAP_MS 200

enum fetched { FETCHED, FETCHED_DOUBTFUL, FETCHED_NOTHING };

/* What an earlier try handed on already is passed over. */
static bool take(void *context, struct bytes piece)
{
    struct daytona_run *run = context;
    uint64_t skip = run->results_seen > run->results_at ? run->results_seen - run->results_at : 0;
    run->results_at += piece.len;
    if (skip >= piece.len)
        return true;
    run->results_seen = run->results_at;
    struct bytes fresh = {(const char *)piece.data + skip, piece.len - (size_t)skip};
    results_take(&run->results, fresh, run->sink);
    return !run->results.sink_failed && run->results.state != RESULTS_BAD;
}

/* 404: it left none, unless the sandbox itself is gone. */
static enum fetched judge_missing(const struct daytona_run *run, int64_t deadline_ms)
{
    struct daytona_sandbox now;
    const struct sandbox *sandbox = run->sandbox;
    enum daytona_look look =
        daytona_get(sandbox->daytona, sandbox->remote.id, deadline_ms, &sandbox->cancelled, &now);
    bool there = look == DAYTONA_FOUND && now.step == DAYTONA_READY;
    return there ? FETCHED_DOUBTFUL : FETCHED_NOTHING;
}

static enum fetched fetch(struct daytona_run *run, int64_t deadline_ms)
{
    char file[REMOTE_PATH], name[DAYTONA_PATH - 64], path[DAYTONA_PATH];
    const struct sandbox *sandbox = run->sandbox;
    AUTO(http_answer) struct http_answer answer = {0};
    remote_results(&run->remote, file);
    if (!daytona_encode(file, name, sizeof name))
        return FETCHED_NOTHING;
    snprintf(path, sizeof path, "/files/download?path=%s", name);
    const struct daytona_call call = {.method = "GET",
                                      .base = sandbox->toolbox,
                                      .path = path,
                                      .body_max = (size_t)remote_results_max(run->job),
                                      .deadline_ms = deadline_ms,
                                      .each_ms = sandbox->daytona->options.call_ms / 2,
                                      .once = true,
                                      .take = take,
                                      .context = run,
                                      .cancelled = &sandbox->cancelled};
    run->results_at = 0;
    bool answered = daytona_call(sandbox->daytona, &call, &answer);
    if (run->results.state == RESULTS_ENDED && !run->results.sink_failed)
        return FETCHED;
    if (answer.end == HTTP_TOO_LARGE)
        run->results.state = RESULTS_BAD;
    if (run->results.state == RESULTS_BAD || (answered && answer.status == 200))
        return FETCHED_DOUBTFUL;
    if (answered && answer.status == 404)
        return judge_missing(run, deadline_ms);
    return FETCHED_NOTHING;
}

/* Only while no item of it went on: those can not be taken back. */
static void forget(struct daytona_run *run)
{
    if (run->results.items + run->results.texts > 0)
        return;
    results_auto(&run->results);
    results_start(&run->results, &run->job->limits);
    run->results_seen = 0;
}

void daytona_results(struct daytona_run *run)
{
    int64_t end = clock_monotonic_ms() + 2 * run->sandbox->daytona->options.call_ms;
    int64_t gap = GAP_MS;
    for (int tries = 1, doubts = 0;; tries++, gap *= 2) {
        enum fetched fetched = fetch(run, end);
        doubts += fetched == FETCHED_DOUBTFUL;
        if (run->results.sink_failed)
            run->stop = DAYTONA_STOP_SINK;
        if (fetched == FETCHED || doubts == DOUBTS || run->stop != DAYTONA_STOP_NONE)
            return;
        if (tries == TRIES || clock_monotonic_ms() + gap >= end)
            break;
        if (!daytona_wait(run->sandbox, gap))
            break;
        if (fetched == FETCHED_DOUBTFUL)
            forget(run);
    }
    run->stop = atomic_load(&run->sandbox->cancelled) ? DAYTONA_STOP_CANCEL : DAYTONA_STOP_LOST;
}
