/* Takes the place of worker/sandbox/local/local.c in the worker of build/bench: a backend that runs
 * nothing, so that what is left is the product's own part of a run. It says in the log when it has
 * a job's code in hand, by the clock that never
 * jumps; code that begins with HOLD goes on until it is told to
 * end. */
#include "worker/sandbox/local/local.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/sandbox/readiness.h"

#define HOLD "# hold"

struct sandbox {
    sem_t cancelled;
};

static bool noop_create(void *context, const struct sandbox_job *job, struct sandbox **ret_sandbox,
                        struct error *err)
{
    struct sandbox *sandbox = memory_new(1, sizeof *sandbox);
    (void)context;
    (void)job;
    (void)err;
    sem_init(&sandbox->cancelled, 0, 0);
    *ret_sandbox = sandbox;
    return true;
}

static void noop_run(struct sandbox *sandbox, const struct sandbox_job *job,
                     const struct sandbox_sink *sink, struct sandbox_result *ret_result)
{
    LOG(LOG_INFO, "noop.code_in_hand", LOG_NUMBER("request", job->request_id),
        LOG_NUMBER("us", clock_monotonic_us()));
    *ret_result = (struct sandbox_result){.outcome = SANDBOX_SUCCEEDED};
    sink->started(sink->context);
    if (job->code.len < sizeof HOLD - 1 || memcmp(job->code.data, HOLD, sizeof HOLD - 1) != 0)
        return;
    while (sem_wait(&sandbox->cancelled) != 0)
        continue;
    ret_result->outcome = SANDBOX_CANCELLED;
}

static void noop_cancel(struct sandbox *sandbox)
{
    sem_post(&sandbox->cancelled);
}

static void noop_destroy(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    sem_destroy(&sandbox->cancelled);
    free(sandbox);
}

static void noop_keep_alive(struct sandbox *sandbox, int64_t lease_ms)
{
    (void)sandbox;
    (void)lease_ms;
}

static enum readiness_answer always(void *context, char ret_why_not[READINESS_WHY])
{
    (void)context;
    (void)ret_why_not;
    return READINESS_YES;
}

bool local_backend_new(struct launcher *launcher, const struct local_options *options,
                       struct sandbox_backend **ret_backend, struct error *err)
{
    struct sandbox_backend *backend = memory_new(1, sizeof *backend);
    (void)launcher;
    *backend = (struct sandbox_backend){.name = "local",
                                        .image = "system-python3",
                                        .isolation = "namespaces",
                                        .holds_limits = true,
                                        .create = noop_create,
                                        .run = noop_run,
                                        .cancel = noop_cancel,
                                        .destroy = noop_destroy,
                                        .keep_alive = noop_keep_alive};
    backend->readiness =
        readiness_new(&(struct readiness_options){.name = "local",
                                                  .ask = always,
                                                  .every_ms = 1000 * options->preflight_seconds,
                                                  .again_ms = 1000 * options->preflight_seconds});
    *ret_backend = backend;
    return readiness_begin(backend->readiness, err);
}

void local_backend_free(struct sandbox_backend *backend)
{
    if (!backend)
        return;
    readiness_free(backend->readiness);
    free(backend);
}

void local_backend_state(const struct sandbox_backend *backend, struct local_state *ret_state)
{
    (void)backend;
    *ret_state = (struct local_state){.ready = true};
}
