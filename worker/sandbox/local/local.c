#include "worker/sandbox/local/local.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/sandbox/local/local_run.h"
#include "worker/sandbox/local/pool.h"
#include "worker/sandbox/local/preflight.h"

struct local {
    struct sandbox_backend backend; /* first: the backend's address is ours */
    struct launcher *launcher;
    struct local_options options;
    struct pool *pool;
    pthread_t keeper;
    pthread_mutex_t lock; /* of what follows */
    struct local_state state;
    bool stopping;
    int64_t next_preflight_ms;
};

#define RETRY_MS 10000 /* after a preflight that failed: what failed may have been passing */

static void run_preflight(struct local *local)
{
    struct local_state state = {.ready = true, .checked_at_ms = clock_wall_ms()};
    if (!preflight(local->launcher, state.why_not))
        state.ready = false;
    if (strcmp(launcher_cgroup(local->launcher), "none") == 0) {
        state.weaker = true;
        snprintf(state.weaker_because, sizeof state.weaker_because,
                 "no cgroup: memory is summed every 50 ms, processes are limited per user");
    }
    if (state.ready && state.weaker && local->options.require_cgroup) {
        state.ready = false;
        snprintf(state.why_not, sizeof state.why_not,
                 "LOCAL_REQUIRE_CGROUP is set and no cgroup can be used");
    }
    LOG(state.ready ? LOG_INFO : LOG_ERROR, "preflight", LOG_TEXT("why_not", state.why_not),
        LOG_TEXT("cgroup", launcher_cgroup(local->launcher)));
    int64_t pause_ms = 1000 * local->options.preflight_seconds;
    if (!state.ready && pause_ms > RETRY_MS)
        pause_ms = RETRY_MS;
    pthread_mutex_lock(&local->lock);
    local->next_preflight_ms = clock_monotonic_ms() + pause_ms;
    local->state = state;
    pthread_mutex_unlock(&local->lock);
}

/* What the keeper looks at, taken at one moment. */
struct moment {
    bool stopping;
    bool ready;
    int64_t preflight_in_ms;
};

static struct moment moment_of(struct local *local)
{
    pthread_mutex_lock(&local->lock);
    struct moment now = {local->stopping, local->state.ready,
                         local->next_preflight_ms - clock_monotonic_ms()};
    pthread_mutex_unlock(&local->lock);
    return now;
}

static void *keep(void *context)
{
    struct local *local = context;
    for (struct moment now; !(now = moment_of(local)).stopping;) {
        if (now.preflight_in_ms <= 0)
            run_preflight(local);
        else
            pool_tend(local->pool, now.ready,
                      (int)(now.preflight_in_ms < 1000 ? now.preflight_in_ms : 1000));
    }
    return NULL;
}

static bool local_ready(void *context, char ret_why_not[160])
{
    struct local *local = context;
    pthread_mutex_lock(&local->lock);
    bool ready = local->state.ready;
    snprintf(ret_why_not, 160, "%s", local->state.why_not);
    pthread_mutex_unlock(&local->lock);
    return ready;
}

static bool local_create(void *context, const struct sandbox_job *job, struct sandbox **ret_sandbox,
                         struct error *err)
{
    struct local *local = context;
    char why_not[160];
    if (!local_ready(local, why_not))
        return fail(err, ERR_UNAVAILABLE, "the local sandbox is off: %s", why_not);
    struct launcher_request request = {
        .limits = {.memory_bytes = job->limits.memory_bytes, .pids = job->limits.pids},
        .deadline_ms = cell_deadline(local->options.lease_ms)};
    struct sandbox *sandbox = memory_new(1, sizeof *sandbox);
    sandbox->cell = CELL_NONE;
    sandbox->owner = local;
    sandbox->input_max = launcher_tmp_bytes(local->launcher);
    sandbox->warm = pool_take(local->pool, &request.limits, &sandbox->cell);
    if (!sandbox->warm && !cell_start(local->launcher, &request, &sandbox->cell, err)) {
        free(sandbox);
        return false;
    }
    *ret_sandbox = sandbox;
    return true;
}

/* One that did not start may mean that none will: ask before the next job does. */
static void local_run_and_judge(struct sandbox *sandbox, const struct sandbox_job *job,
                                const struct sandbox_sink *sink, struct sandbox_result *ret_result)
{
    struct local *local = sandbox->owner;
    local_run(sandbox, job, sink, ret_result);
    if (ret_result->outcome != SANDBOX_NOT_STARTED)
        return;
    pthread_mutex_lock(&local->lock);
    local->next_preflight_ms = clock_monotonic_ms();
    pthread_mutex_unlock(&local->lock);
    pool_wake(local->pool);
}

static void local_cancel(struct sandbox *sandbox)
{
    atomic_store(&sandbox->cancelled, true);
    cell_kill(&sandbox->cell);
}

static void local_destroy(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    cell_close(&sandbox->cell);
    free(sandbox);
}

static void local_keep_alive(struct sandbox *sandbox, int64_t lease_ms)
{
    cell_keep_alive(&sandbox->cell, cell_deadline(lease_ms));
}

bool local_backend_new(struct launcher *launcher, const struct local_options *options,
                       struct sandbox_backend **ret_backend, struct error *err)
{
    struct local *local = memory_new(1, sizeof *local);
    local->backend = (struct sandbox_backend){.name = "local",
                                              .image = "system-python3",
                                              .context = local,
                                              .ready = local_ready,
                                              .create = local_create,
                                              .run = local_run_and_judge,
                                              .cancel = local_cancel,
                                              .destroy = local_destroy,
                                              .keep_alive = local_keep_alive};
    local->launcher = launcher;
    local->options = *options;
    local->pool = pool_new(launcher, options->warm, options->lease_ms);
    pthread_mutex_init(&local->lock, NULL);
    run_preflight(local);
    if (pthread_create(&local->keeper, NULL, keep, local) != 0) {
        pool_free(local->pool);
        pthread_mutex_destroy(&local->lock);
        free(local);
        return fail(err, ERR_INTERNAL, "a thread can not be made");
    }
    *ret_backend = &local->backend;
    return true;
}

void local_backend_free(struct sandbox_backend *backend)
{
    struct local *local = (struct local *)backend;
    if (!local)
        return;
    pthread_mutex_lock(&local->lock);
    local->stopping = true;
    pthread_mutex_unlock(&local->lock);
    pool_wake(local->pool);
    pthread_join(local->keeper, NULL);
    pool_free(local->pool);
    pthread_mutex_destroy(&local->lock);
    free(local);
}

void local_backend_state(const struct sandbox_backend *backend, struct local_state *ret_state)
{
    struct local *local = (struct local *)(uintptr_t)backend;
    pthread_mutex_lock(&local->lock);
    *ret_state = local->state;
    pthread_mutex_unlock(&local->lock);
    ret_state->warm = pool_ready(local->pool);
}
