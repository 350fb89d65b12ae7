#include "worker/backends.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "worker/sandbox/daytona/daytona.h"
#include "worker/sandbox/e2b/e2b.h"
#include "worker/sandbox/local/local.h"
#include "worker/sandbox/readiness.h"

#define PERMITS 2 /* that try a service again, of all workers together */

/* How one kind of backend is opened, closed and described. */
struct backend_kind {
    const char *name;
    const char *queue;
    bool (*is_wanted)(const struct settings *settings);
    bool (*open)(const struct settings *settings, struct launcher *launcher,
                 struct sandbox_backend **ret_backend, struct error *err);
    void (*close)(struct sandbox_backend *backend);
    void (*report)(const struct sandbox_backend *backend, json_t *report); /* more of it, or NULL */
    bool is_service;
};

struct backends {
    const struct backend_kind *kinds[BACKENDS_MAX];
    struct backend open[BACKENDS_MAX];
    size_t count;
    atomic_size_t turn; /* whose queue is asked first */
};

static bool local_is_wanted(const struct settings *settings)
{
    return !settings->local_off;
}

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

static void report_local(const struct sandbox_backend *backend, json_t *report)
{
    struct local_state state = {0};
    local_backend_state(backend, &state);
    json_object_set_new(report, "weaker", json_boolean(state.weaker));
    json_object_set_new(report, "image_digest", json_string(state.image_digest));
    json_object_set_new(report, "weaker_because", json_string(state.weaker_because));
}

static bool daytona_is_wanted(const struct settings *settings)
{
    return settings->daytona_api_key.value[0] != '\0';
}

static bool open_daytona(const struct settings *settings, struct launcher *launcher,
                         struct sandbox_backend **ret_backend, struct error *err)
{
    const struct daytona_options options = {
        .key = settings->daytona_api_key.value,
        .api_url = settings->daytona_api_url,
        .target = settings->daytona_target,
        .toolbox = settings->daytona_toolbox_host,
        .snapshot = settings->daytona_snapshot,
        .ca_file = settings->ca_file,
        .slots = settings->worker_slots,
        .call_ms = settings->daytona_call_ms,
        .preflight_seconds = settings->preflight_seconds,
    };
    (void)launcher;
    return daytona_backend_new(&options, ret_backend, err);
}

static bool e2b_is_wanted(const struct settings *settings)
{
    return settings->e2b_api_key.value[0] != '\0';
}

static bool open_e2b(const struct settings *settings, struct launcher *launcher,
                     struct sandbox_backend **ret_backend, struct error *err)
{
    const struct e2b_options options = {
        .key = settings->e2b_api_key.value,
        .domain = settings->e2b_domain,
        .api_url = settings->e2b_api_url,
        .sandbox_url = settings->e2b_sandbox_url,
        .template = settings->e2b_template,
        .call_ms = settings->e2b_call_ms,
        .preflight_seconds = settings->preflight_seconds,
        .ca_file = settings->ca_file,
        .slots = settings->worker_slots,
    };
    (void)launcher;
    return e2b_backend_new(&options, ret_backend, err);
}

static const struct backend_kind kinds[] = {
    {"local", "queue:run:local", local_is_wanted, open_local, local_backend_free, report_local,
     false},
    {"e2b", "queue:run:e2b", e2b_is_wanted, open_e2b, e2b_backend_free, NULL, true},
    {"daytona", "queue:run:daytona", daytona_is_wanted, open_daytona, daytona_backend_free, NULL,
     true},
};

static_assert(COUNT_OF(kinds) <= BACKENDS_MAX, "every kind has a place");

static struct breaker *new_breaker(const struct settings *settings, const char *name)
{
    const struct breaker_options options = {
        .redis_url = settings->redis_url.value,
        .prefix = settings->redis_prefix,
        .name = name,
        .failures = settings->breaker_failures,
        .recovery_ms = settings->breaker_recovery_ms,
        .permits = PERMITS,
    };
    return breaker_new(&options);
}

static int64_t places_of(const struct backend_kind *kind, const struct settings *settings)
{
    return kind->is_service || settings->worker_slots < settings->local_slots
               ? settings->worker_slots
               : settings->local_slots;
}

bool backends_open(const struct settings *settings, struct launcher *launcher,
                   struct backends **ret_backends, struct error *err)
{
    struct backends *backends = memory_new(1, sizeof *backends);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        struct backend *backend = &backends->open[backends->count];
        if (!kinds[i].is_wanted(settings))
            continue;
        if (!kinds[i].open(settings, launcher, &backend->sandbox, err)) {
            backends_free(backends);
            return false;
        }
        backend->name = kinds[i].name;
        backend->queue = kinds[i].queue;
        backends->kinds[backends->count++] = &kinds[i];
        backend->places = places_of(&kinds[i], settings);
        if (kinds[i].is_service)
            backend->breaker = new_breaker(settings, kinds[i].name);
        if (kinds[i].is_service && !readiness_begin(backend->sandbox->readiness, err)) {
            backends_free(backends);
            return false;
        }
    }
    *ret_backends = backends;
    return true;
}

void backends_free(struct backends *backends)
{
    if (!backends)
        return;
    for (size_t i = 0; i < backends->count; i++) {
        breaker_free(backends->open[i].breaker);
        backends->kinds[i]->close(backends->open[i].sandbox);
    }
    free(backends);
}

void backends_await(const struct backends *backends, int64_t ms)
{
    int64_t end = clock_monotonic_ms() + ms;
    for (size_t i = 0; i < backends->count; i++) {
        int64_t left = end - clock_monotonic_ms();
        readiness_await(backends->open[i].sandbox->readiness, left > 0 ? left : 0);
    }
}

void backends_on_change(const struct backends *backends, void (*changed)(void *context),
                        void *context)
{
    for (size_t i = 0; i < backends->count; i++)
        readiness_on_change(backends->open[i].sandbox->readiness, changed, context);
}

static struct backend *at(const struct backends *backends, size_t i)
{
    return (struct backend *)(uintptr_t)&backends->open[i];
}

struct backend *backends_find(const struct backends *backends, const char *name)
{
    for (size_t i = 0; i < backends->count; i++)
        if (strcmp(backends->open[i].name, name) == 0)
            return at(backends, i);
    return NULL;
}

void backends_each(const struct backends *backends, backends_each_fn *each, void *context)
{
    for (size_t i = 0; i < backends->count; i++)
        each(context, at(backends, i));
}

size_t backends_queues(struct backends *backends, const char *ret_queues[BACKENDS_MAX],
                       size_t *ret_most)
{
    size_t count = 0;
    size_t turn = atomic_fetch_add(&backends->turn, 1);
    *ret_most = 0;
    for (size_t i = 0; i < backends->count; i++) {
        struct backend *backend = at(backends, (turn + i) % backends->count);
        size_t room = backend_room(backend);
        if (room == 0)
            continue;
        ret_queues[count++] = backend->queue;
        if (count == 1 || room < *ret_most)
            *ret_most = room;
    }
    return count;
}

static json_t *report_one(const struct backends *backends, size_t i)
{
    struct backend *backend = at(backends, i);
    const struct sandbox_backend *sandbox = backend->sandbox;
    char why_not[BACKEND_WHY_SIZE] = "";
    bool ready = readiness_look(sandbox->readiness, why_not) == READINESS_YES;
    json_t *report =
        json_pack("{s:b, s:s, s:b, s:s, s:s}", "ready", ready, "why_not", ready ? "" : why_not,
                  "weaker", false, "image", sandbox->image, "isolation", sandbox->isolation);
    if (backends->kinds[i]->report)
        backends->kinds[i]->report(sandbox, report);
    backend_report_breaker(backend, report);
    return report;
}

json_t *backends_report(const struct backends *backends)
{
    json_t *report = json_object();
    for (size_t i = 0; i < backends->count; i++)
        json_object_set_new(report, backends->open[i].name, report_one(backends, i));
    return report;
}

json_t *backends_unavailable(const struct backends *backends)
{
    json_t *list = json_object();
    for (size_t i = 0; i < backends->count; i++) {
        char why[BACKEND_WHY_SIZE];
        if (backend_is_away(at(backends, i), why))
            json_object_set_new(list, backends->open[i].name, json_string(why));
    }
    return list;
}
