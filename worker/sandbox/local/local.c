#include "worker/sandbox/local/local.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "worker/sandbox/local/local_run.h"
#include "worker/sandbox/local/pool.h"
#include "worker/sandbox/local/preflight.h"
#include "worker/sandbox/readiness.h"

struct local {
    struct sandbox_backend backend; /* first: the backend's address is ours */
    struct launcher *launcher;
    struct local_options options;
    struct pool *pool;
    pthread_t keeper;
    atomic_bool stopping;
    pthread_mutex_t lock; /* of what follows */
    struct local_state state;
};

#define AGAIN_MS 10000 /* after a preflight that failed: what failed may have been passing */
#define FIRST_MS 60000 /* longer than any preflight takes */
#define TEND_MS 1000

static enum readiness_answer ask(void *context, char ret_why_not[READINESS_WHY])
{
    struct local *local = context;
    struct local_state state = {.ready = true, .checked_at_ms = clock_wall_ms()};
    if (!preflight(local->launcher, state.image_digest, state.why_not))
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
    pthread_mutex_lock(&local->lock);
    local->state = state;
    pthread_mutex_unlock(&local->lock);
    snprintf(ret_why_not, READINESS_WHY, "%s", state.why_not);
    return state.ready ? READINESS_YES : READINESS_NO;
}

static void *keep(void *context)
{
    struct local *local = context;
    char why_not[READINESS_WHY];
    while (!atomic_load(&local->stopping))
        pool_tend(local->pool, readiness_look(local->backend.readiness, why_not) == READINESS_YES,
                  TEND_MS);
    return NULL;
}

/* Packages of another machine, or other ones since it was approved: other workers may have them. */
static bool image_is(struct local *local, const struct sandbox_job *job, struct error *err)
{
    const char *approved = job->image_digest;
    if (!approved || !*approved)
        return true;
    pthread_mutex_lock(&local->lock);
    bool same = strcmp(approved, local->state.image_digest) == 0;
    pthread_mutex_unlock(&local->lock);
    return same ||
           fail(err, ERR_UNAVAILABLE,
                "Python or its packages are not those that were approved (%.16s)", approved);
}

static bool local_create(void *context, const struct sandbox_job *job, struct sandbox **ret_sandbox,
                         struct error *err)
{
    struct local *local = context;
    char why_not[READINESS_WHY];
    if (readiness_look(local->backend.readiness, why_not) != READINESS_YES)
        return fail(err, ERR_UNAVAILABLE, "the local sandbox is off: %s", why_not);
    if (!image_is(local, job, err))
        return false;
    struct launcher_request request = {.limits = {.memory_bytes = job->limits.memory_bytes,
                                                  .pids = job->limits.pids,
                                                  .cpu_ms = job->limits.cpu_ms,
                                                  .tmp_bytes = job->limits.tmp_bytes},
                                       .deadline_ms = cell_deadline(local->options.lease_ms)};
    struct sandbox *sandbox = memory_new(1, sizeof *sandbox);
    sandbox->cell = CELL_NONE;
    sandbox->owner = local;
    sandbox->input_max =
        job->limits.tmp_bytes ? job->limits.tmp_bytes : launcher_tmp_bytes(local->launcher);
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
    if (ret_result->outcome == SANDBOX_NOT_STARTED)
        readiness_ask_soon(local->backend.readiness);
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

static void free_parts(struct local *local)
{
    readiness_free(local->backend.readiness);
    pool_free(local->pool);
    pthread_mutex_destroy(&local->lock);
    free(local);
}

bool local_backend_new(struct launcher *launcher, const struct local_options *options,
                       struct sandbox_backend **ret_backend, struct error *err)
{
    struct local *local = memory_new(1, sizeof *local);
    local->backend = (struct sandbox_backend){.name = "local",
                                              .image = "system-python3",
                                              .isolation = "namespaces",
                                              .holds_limits = true,
                                              .context = local,
                                              .create = local_create,
                                              .run = local_run_and_judge,
                                              .cancel = local_cancel,
                                              .destroy = local_destroy,
                                              .keep_alive = local_keep_alive};
    local->launcher = launcher;
    local->options = *options;
    local->pool = pool_new(launcher, options->warm, options->lease_ms);
    pthread_mutex_init(&local->lock, NULL);
    local->backend.readiness =
        readiness_new(&(struct readiness_options){.name = "local",
                                                  .ask = ask,
                                                  .context = local,
                                                  .every_ms = 1000 * options->preflight_seconds,
                                                  .again_ms = AGAIN_MS});
    if (!readiness_begin(local->backend.readiness, err)) {
        free_parts(local);
        return false;
    }
    readiness_await(local->backend.readiness, FIRST_MS);
    if (pthread_create(&local->keeper, NULL, keep, local) != 0) {
        free_parts(local);
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
    atomic_store(&local->stopping, true);
    pool_wake(local->pool);
    pthread_join(local->keeper, NULL);
    free_parts(local);
}

void local_backend_state(const struct sandbox_backend *backend, struct local_state *ret_state)
{
    struct local *local = (struct local *)(uintptr_t)backend;
    pthread_mutex_lock(&local->lock);
    *ret_state = local->state;
    pthread_mutex_unlock(&local->lock);
    ret_state->warm = pool_ready(local->pool);
}
