#include "worker/backends.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "worker/sandbox/local.h"

/* How one kind of backend is opened, closed and described. */
struct backend_kind {
    const char *name;
    const char *queue;
    bool (*open)(const struct settings *settings, struct launcher *launcher,
                 struct sandbox_backend **ret_backend, struct error *err);
    void (*close)(struct sandbox_backend *backend);
    json_t *(*report)(const struct sandbox_backend *backend);
};

struct backends {
    const struct backend_kind *kinds[BACKENDS_MAX];
    struct sandbox_backend *open[BACKENDS_MAX];
    size_t count;
};

static bool open_local(const struct settings *settings, struct launcher *launcher,
                       struct sandbox_backend **ret_backend, struct error *err)
{
    const struct local_options options = {
        .warm = settings->local_warm,
        .lease_ms = settings->lease_ms,
        .preflight_seconds = settings->preflight_seconds,
        .require_cgroup = settings->local_require_cgroup != 0,
    };
    return local_backend_new(launcher, &options, ret_backend, err);
}

static json_t *report_local(const struct sandbox_backend *backend)
{
    struct local_state state = {0};
    local_backend_state(backend, &state);
    return json_pack("{s:b, s:s, s:b, s:s, s:s}", "ready", state.ready, "why_not", state.why_not,
                     "weaker", state.weaker, "weaker_because", state.weaker_because, "image",
                     backend->image);
}

static const struct backend_kind kinds[] = {
    {"local", "queue:run:local", open_local, local_backend_free, report_local},
};

static_assert(COUNT_OF(kinds) <= BACKENDS_MAX, "every kind has a place");

bool backends_open(const struct settings *settings, struct launcher *launcher,
                   struct backends **ret_backends, struct error *err)
{
    struct backends *backends = memory_new(1, sizeof *backends);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (!kinds[i].open(settings, launcher, &backends->open[i], err)) {
            backends_free(backends);
            return false;
        }
        backends->kinds[i] = &kinds[i];
        backends->count++;
    }
    *ret_backends = backends;
    return true;
}

void backends_free(struct backends *backends)
{
    if (!backends)
        return;
    for (size_t i = 0; i < backends->count; i++)
        backends->kinds[i]->close(backends->open[i]);
    free(backends);
}

const struct sandbox_backend *backends_find(const struct backends *backends, const char *name)
{
    for (size_t i = 0; i < backends->count; i++)
        if (strcmp(backends->kinds[i]->name, name) == 0)
            return backends->open[i];
    return NULL;
}

bool backend_is_ready(const struct sandbox_backend *backend)
{
    char why_not[160];
    return backend->ready(backend->context, why_not);
}

size_t backends_queues(const struct backends *backends, const char *ret_queues[BACKENDS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < backends->count; i++)
        if (backend_is_ready(backends->open[i]))
            ret_queues[count++] = backends->kinds[i]->queue;
    return count;
}

json_t *backends_report(const struct backends *backends)
{
    json_t *report = json_object();
    for (size_t i = 0; i < backends->count; i++)
        json_object_set_new(report, backends->kinds[i]->name,
                            backends->kinds[i]->report(backends->open[i]));
    return report;
}
