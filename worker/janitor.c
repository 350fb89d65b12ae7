#include "worker/janitor.h"

#include "common/base/log.h"
#include "worker/store.h"

#define GRACE_MOST_MS 10000 /* for the worker whose run has just ended to do it itself */
#define AT_ONCE 500         /* of one service in one round */

static void note_one(void *context, const struct sandbox_listed *found)
{
    json_t *list = context;
    if (json_array_size(list) < AT_ONCE)
        json_array_append_new(
            list, json_pack("{s:I, s:I, s:s, s:I}", "attempt", (json_int_t)found->attempt_id,
                            "fence", (json_int_t)found->fence, "remote_id", found->remote_id,
                            "age_ms", (json_int_t)found->age_ms));
}

/* Of what the service lists, what nobody owns. */
static bool find_orphans(struct worker *worker, const struct sandbox_backend *sandbox,
                         json_t **ret_ids, struct error *err)
{
    int64_t grace_ms = worker->settings->janitor_seconds * 500; /* the second round is past it */
    AUTO(json) json_t *found = json_array();
    if (!sandbox->list(sandbox->context, worker->instance, note_one, found, err))
        return false;
    if (json_array_size(found) == 0) {
        *ret_ids = json_array();
        return true;
    }
    return store_orphans(worker->keeper_pool, found,
                         grace_ms < GRACE_MOST_MS ? grace_ms : GRACE_MOST_MS, ret_ids, err);
}

static int64_t remove_all(const struct worker *worker, const struct backend *backend,
                          const json_t *ids)
{
    int64_t removed = 0;
    for (size_t i = 0; i < json_array_size(ids) && !atomic_load(&worker->draining); i++) {
        struct error err = {0};
        const char *id = json_string_value(json_array_get(ids, i));
        if (!id)
            continue;
        bool gone = backend->sandbox->remove(backend->sandbox->context, id, &err);
        removed += gone;
        LOG(gone ? LOG_INFO : LOG_WARN, gone ? "janitor.removed" : "janitor.failed",
            LOG_TEXT("backend", backend->name), LOG_TEXT("sandbox", id),
            LOG_TEXT("text", err.text));
    }
    return removed;
}

static void tidy(void *context, struct backend *backend)
{
    struct worker *worker = context;
    const struct store_caller caller = {worker->keeper_pool, worker->id, 0};
    AUTO(json) json_t *ids = NULL;
    struct error err = {0};
    char why[BACKEND_WHY_SIZE];
    if (!backend->sandbox->list || !backend->sandbox->remove || backend_is_open(backend, why) ||
        atomic_load(&worker->draining))
        return;
    if (!find_orphans(worker, backend->sandbox, &ids, &err)) {
        log_error("janitor.blind", &err);
        return;
    }
    int64_t removed = remove_all(worker, backend, ids);
    if (removed > 0 && !store_janitor_deleted(&caller, backend->name, removed, &err))
        log_error("janitor.uncounted", &err);
}

void janitor_run(struct worker *worker)
{
    while (!atomic_load(&worker->draining)) {
        if (atomic_load(&worker->id) != 0)
            backends_each(worker->backends, tidy, worker);
        pulse_wait(worker->janitor_now, worker->settings->janitor_seconds * 1000);
    }
}
