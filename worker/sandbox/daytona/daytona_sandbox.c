#include "worker/sandbox/daytona/daytona_sandbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/json.h"

struct sandbox *daytona_sandbox_new(struct daytona *daytona, const struct sandbox_job *job)
{
    struct sandbox *sandbox = memory_new(1, sizeof *sandbox);
    pthread_condattr_t attributes;
    sandbox->daytona = daytona;
    sandbox->created_ms = clock_wall_ms();
    sandbox->retry_after_ms = -1;
    snprintf(sandbox->name, sizeof sandbox->name, "cs-%.8s-%" PRId64 "-%" PRId64, job->instance,
             job->attempt_id, job->fence);
    snprintf(sandbox->session, sizeof sandbox->session, "cs-%" PRId64 "-%" PRId64, job->attempt_id,
             job->fence);
    pthread_mutex_init(&sandbox->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sandbox->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return sandbox;
}

void daytona_sandbox_free(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    pthread_cond_destroy(&sandbox->wake);
    pthread_mutex_destroy(&sandbox->lock);
    free(sandbox->reference);
    free(sandbox);
}

enum error_code daytona_error(struct sandbox *sandbox, const struct http_answer *answer)
{
    if (answer->status == 429) {
        sandbox->retry_after_ms = answer->retry_after_ms;
        return ERR_THROTTLED;
    }
    return answer->status == 401 ? ERR_FORBIDDEN : ERR_UNAVAILABLE;
}

bool daytona_find_toolbox(struct sandbox *sandbox, int64_t deadline_ms,
                          const atomic_bool *cancelled, struct error *err)
{
    struct daytona *daytona = sandbox->daytona;
    char base[DAYTONA_URL] = "", path[DAYTONA_PATH];
    if (sandbox->remote.toolbox[0]) {
        if (!daytona_url(sandbox->remote.toolbox, daytona->plain, base))
            return fail(err, ERR_UNAVAILABLE, "Daytona named an address without TLS");
    } else {
        AUTO(http_answer) struct http_answer answer = {0};
        snprintf(path, sizeof path, "/sandbox/%s/toolbox-proxy-url", sandbox->remote.id);
        const struct daytona_call call = {
            .method = "GET", .path = path, .deadline_ms = deadline_ms, .cancelled = cancelled};
        bool answered = daytona_call(daytona, &call, &answer);
        AUTO(json) json_t *root = answered && answer.status == 200 ? daytona_body(&answer) : NULL;
        const char *url = root ? json_text_of(root, "url") : NULL;
        if (!url || !daytona_url(url, daytona->plain, base))
            return fail(err, daytona_error(sandbox, &answer),
                        "Daytona did not tell where the sandbox is: %s", answer.text);
    }
    const char *pinned = daytona->options.toolbox;
    if (pinned && *pinned && !daytona_host_is(base, pinned))
        return fail(err, ERR_UNAVAILABLE,
                    "Daytona named a toolbox that is not at DAYTONA_TOOLBOX_HOST: %.100s", base);
    snprintf(sandbox->toolbox, sizeof sandbox->toolbox, "%s/%s", base, sandbox->remote.id);
    return true;
}

void daytona_sandbox_usage(const struct sandbox *sandbox, struct sandbox_usage *ret_usage)
{
    int64_t ms = clock_wall_ms() - sandbox->created_ms;
    *ret_usage = (struct sandbox_usage){
        .cpu = sandbox->remote.cpu,
        .memory_mib = (int64_t)(sandbox->remote.memory_gib * 1024),
        .disk_gib = (int64_t)sandbox->remote.disk_gib,
        .ms = ms > 0 ? ms : 0,
    };
}

bool daytona_wait(struct sandbox *sandbox, int64_t ms)
{
    int64_t end = clock_monotonic_ms() + ms;
    struct timespec until = {.tv_sec = end / 1000, .tv_nsec = end % 1000 * 1000000};
    int failed = 0;
    pthread_mutex_lock(&sandbox->lock);
    while (!atomic_load(&sandbox->cancelled) && failed == 0)
        failed = pthread_cond_timedwait(&sandbox->wake, &sandbox->lock, &until);
    pthread_mutex_unlock(&sandbox->lock);
    return !atomic_load(&sandbox->cancelled);
}
