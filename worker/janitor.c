#include "worker/janitor.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "worker/store.h"

#define GRACE_MOST_MS 10000 /* for the worker whose run has just ended to do it itself */
#define PAGES_MOST 200      /* of one service in one round; the next round goes on there */

static void note_one(void *context, const struct sandbox_listed *found)
{
    json_array_append_new(
        context, json_pack("{s:I, s:I, s:s, s:I}", "attempt", (json_int_t)found->attempt_id,
                           "fence", (json_int_t)found->fence, "remote_id", found->remote_id,
                           "age_ms", (json_int_t)found->age_ms));
}

/* Of one page that the service lists, what nobody owns. */
static bool find_orphans(struct worker *worker, const struct sandbox_backend *sandbox,
                         struct sandbox_page *page, json_t **ret_ids, struct error *err)
{
    int64_t grace_ms = worker->settings->janitor_seconds * 500; /* the second round is past it */
    AUTO(json) json_t *found = json_array();
    page->instance = worker->instance;
    page->each = note_one;
    page->context = found;
    if (!sandbox->list(sandbox->context, page, err))
        return false;
    if (json_array_size(found) == 0) {
        *ret_ids = json_array();
        return true;
    }
    return store_orphans(worker->keeper_pool, found,
                         grace_ms < GRACE_MOST_MS ? grace_ms : GRACE_MOST_MS, ret_ids, err);
}

static bool contains(const json_t *ids, const char *id)
{
    size_t index;
    const json_t *entry;
    json_array_foreach (ids, index, entry)
        if (strcmp(json_string_value(entry), id) == 0)
            return true;
    return false;
}

/* Those apart that were removed just `before`: a list may lag behind. The removed ones are kept
 * in `ret_removed`. */
static void remove_all(const struct worker *worker, const struct backend *backend,
                       const json_t *ids, const json_t *before, json_t *ret_removed)
{
    for (size_t i = 0; i < json_array_size(ids) && !atomic_load(&worker->draining); i++) {
        struct error err = {0};
        const char *id = json_string_value(json_array_get(ids, i));
        if (!id || contains(before, id))
            continue;
        bool gone = backend->sandbox->remove(backend->sandbox->context, id, &err);
        if (gone)
            json_array_append_new(ret_removed, json_string(id));
        LOG(gone ? LOG_INFO : LOG_WARN, gone ? "janitor.removed" : "janitor.failed",
            LOG_TEXT("backend", backend->name), LOG_TEXT("sandbox", id),
            LOG_TEXT("text", err.text));
    }
}

/* Tidies the page at `io_cursor`. That stays where it is after something was removed and more
 * pages follow: a cursor may count, and then what stood behind has moved up. */
static bool tidy_page(struct worker *worker, struct backend *backend, json_t **io_before)
{
    const struct store_caller caller = {worker->keeper_pool, worker->id, 0};
    AUTO(json) json_t *ids = NULL;
    AUTO(json) json_t *removed = json_array();
    struct error err = {0};
    struct sandbox_page page = {0};
    snprintf(page.cursor, sizeof page.cursor, "%s", backend->janitor_at);
    if (!find_orphans(worker, backend->sandbox, &page, &ids, &err)) {
        log_error("janitor.blind", &err);
        backend->janitor_at[0] = '\0'; /* it may be that place which is not there any more */
        return false;
    }
    remove_all(worker, backend, ids, *io_before, removed);
    int64_t count = (int64_t)json_array_size(removed);
    if (count > 0 && !store_janitor_deleted(&caller, backend->name, count, &err))
        log_error("janitor.uncounted", &err);
    if (count == 0 || !*page.cursor)
        snprintf(backend->janitor_at, sizeof backend->janitor_at, "%s", page.cursor);
    bool more = *page.cursor != '\0';
    json_auto(io_before);
    *io_before = TAKE(removed);
    return more;
}

static void tidy(void *context, struct backend *backend)
{
    struct worker *worker = context;
    AUTO(json) json_t *before = json_array();
    char why[BACKEND_WHY_SIZE];
    if (!backend->sandbox->list || !backend->sandbox->remove || backend_is_away(backend, why))
        return;
    for (int pages = 0; pages < PAGES_MOST && !atomic_load(&worker->draining); pages++)
        if (!tidy_page(worker, backend, &before))
            return;
}

void janitor_run(struct worker *worker)
{
    while (!atomic_load(&worker->draining)) {
        if (atomic_load(&worker->id) != 0)
            backends_each(worker->backends, tidy, worker);
        pulse_wait(worker->janitor_now, worker->settings->janitor_seconds * 1000);
    }
}
