#include "worker/sandbox/e2b/e2b.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "worker/sandbox/e2b/e2b_control.h"
#include "worker/sandbox/e2b/e2b_envd.h"
#include "worker/sandbox/e2b/e2b_run.h"
#include "worker/sandbox/programs.h"
#include "worker/sandbox/service_preflight.h"

#define IDLE_MAX 32
#define LISTED_FOR_MS 60000

/* ---- what lies in the sandbox before the run --------------------------------------------------
 */

static bool upload(struct sandbox *sandbox, const struct sandbox_job *job, const char *path,
                   const struct sandbox_file *file, struct error *err)
{
    const struct http_part part = {.fd = file->fd, .size = file->size};
    return e2b_envd_put(sandbox, path, &part, job->cancelled, err);
}

/* Programs of ours and the manifest in one call; the inputs are the author's and come one by one.
 */
static bool upload_remote(struct sandbox *sandbox, const struct sandbox_job *job, struct error *err)
{
    const struct remote_options options = {.root = "/tmp"};
    struct remote_file files[PROGRAM_PARTS + 1];
    struct http_part parts[PROGRAM_PARTS + 1];
    if (!remote_start(&sandbox->remote, job, &options, err))
        return false;
    sandbox->remote_started = true;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        remote_file(&sandbox->remote, i, &files[i]);
        parts[i] = (struct http_part){"file", files[i].path, files[i].data, -1, files[i].size};
    }
    bool fine = e2b_envd_put_all(sandbox, parts, COUNT_OF(parts), job->cancelled, err);
    for (size_t i = 0; fine && i < job->file_count; i++) {
        struct remote_file file;
        remote_file(&sandbox->remote, COUNT_OF(parts) + i, &file);
        fine = upload(sandbox, job, file.path, &job->files[i], err);
    }
    return fine;
}

/* Without inputs every sandbox of an image begins with the same files. */
static bool known_before(struct sandbox *sandbox, const struct sandbox_job *job)
{
    struct e2b *e2b = sandbox->owner;
    pthread_mutex_lock(&e2b->lock);
    bool known = job->file_count == 0 && e2b->listed &&
                 strcmp(e2b->listed_image, job->image) == 0 &&
                 clock_monotonic_ms() - e2b->listed_ms < LISTED_FOR_MS;
    if (known) {
        sandbox->before = json_incref(e2b->listed);
        memcpy(sandbox->others, e2b->listed_others, sizeof sandbox->others);
    }
    pthread_mutex_unlock(&e2b->lock);
    return known;
}

static void remember_before(const struct sandbox *sandbox, const struct sandbox_job *job)
{
    struct e2b *e2b = sandbox->owner;
    if (job->file_count > 0 || strlen(job->image) >= sizeof e2b->listed_image)
        return;
    pthread_mutex_lock(&e2b->lock);
    json_decref(e2b->listed);
    e2b->listed = json_incref(sandbox->before);
    snprintf(e2b->listed_image, sizeof e2b->listed_image, "%s", job->image);
    memcpy(e2b->listed_others, sandbox->others, sizeof sandbox->others);
    e2b->listed_ms = clock_monotonic_ms();
    pthread_mutex_unlock(&e2b->lock);
}

static bool look_before(struct sandbox *sandbox, const struct sandbox_job *job, struct error *err)
{
    if (known_before(sandbox, job))
        return true;
    if (!e2b_envd_list(sandbox, E2B_HOME, job->cancelled, &sandbox->before, sandbox->others, err))
        return false;
    remember_before(sandbox, job);
    return true;
}

static bool upload_plain(struct sandbox *sandbox, const struct sandbox_job *job, struct error *err)
{
    for (size_t i = 0; i < job->file_count; i++) {
        char path[sizeof job->files[i].name + sizeof E2B_HOME];
        snprintf(path, sizeof path, E2B_HOME "/%s", job->files[i].name);
        if (!upload(sandbox, job, path, &job->files[i], err))
            return false;
    }
    return look_before(sandbox, job, err);
}

static bool load(struct sandbox *sandbox, const struct sandbox_job *job, struct error *err)
{
    bool sql = strcmp(job->language, "sql") == 0;
    e2b_control_measure(sandbox, job);
    return sql ? upload_remote(sandbox, job, err) : upload_plain(sandbox, job, err);
}

/* ---- the backend ------------------------------------------------------------------------------
 */

/* What can not be deleted here the service ends by itself, or the janitor does before. */
static void drop(struct sandbox *sandbox, const struct sandbox_job *job)
{
    struct error err = {0};
    (void)!e2b_control_delete(sandbox->owner, sandbox->id, job, &err);
    e2b_sandbox_free(sandbox);
}

static void destroy(struct sandbox *sandbox)
{
    drop(sandbox, NULL);
}

/* Nobody can take up an /execute again: it tells people where, and the price what, it was. */
static void set_reference(struct sandbox *sandbox)
{
    const struct sandbox_usage *size = &sandbox->size;
    AUTO(json)
    json_t *root = json_pack("{s:s, s:b, s:{s:f, s:I, s:I}}", "sandbox_id", sandbox->id,
                             "adoptable", 0, "usage", "cpu", size->cpu, "memory_mib",
                             (json_int_t)size->memory_mib, "disk_gib", (json_int_t)size->disk_gib);
    sandbox->reference = json_text(root);
}

static const char *reference(const struct sandbox *sandbox)
{
    return sandbox->reference;
}

static void tell_made(const struct sandbox *sandbox, const struct sandbox_job *job)
{
    if (!job->made)
        return;
    *job->made = sandbox->size;
    job->made->ms = clock_monotonic_ms() - sandbox->created_ms;
}

static bool create(void *context, const struct sandbox_job *job, struct sandbox **ret_sandbox,
                   struct error *err)
{
    struct sandbox *sandbox = NULL;
    if (!e2b_control_create(context, job, &sandbox, err))
        return false;
    bool loaded = load(sandbox, job, err);
    tell_made(sandbox, job);
    if (!loaded) {
        e2b_leave_alone(job, sandbox->retry_after_ms);
        drop(sandbox, job);
        return false;
    }
    set_reference(sandbox);
    *ret_sandbox = sandbox;
    return true;
}

static void cancel(struct sandbox *sandbox)
{
    http_cancel(sandbox->owner->http, &sandbox->cancelled);
}

static bool list(void *context, struct sandbox_page *page, struct error *err)
{
    const struct e2b_label all = {0};
    return e2b_control_list(context, &all, page, err);
}

static bool remove_listed(void *context, const char *remote_id, struct error *err)
{
    return e2b_control_delete(context, remote_id, NULL, err);
}

static bool is_plain(const char *url)
{
    return url && strncmp(url, "http://", 7) == 0;
}

bool e2b_backend_new(const struct e2b_options *options, struct sandbox_backend **ret_backend,
                     struct error *err)
{
    const char *api = options->api_url ? options->api_url : "";
    size_t len = strlen(api);
    struct e2b *e2b = memory_new(1, sizeof *e2b);
    e2b->options = *options;
    if (options->call_ms <= 0)
        e2b->options.call_ms = E2B_CALL_MS;
    if (len > 0)
        len = (size_t)snprintf(e2b->api, sizeof e2b->api, "%.*s",
                               (int)(len - (api[len - 1] == '/')), api);
    else
        len = (size_t)snprintf(e2b->api, sizeof e2b->api, "https://api.%s", options->domain);
    if (len >= sizeof e2b->api) {
        free(e2b);
        return fail(err, ERR_INVALID_FIELD, "the address of E2B is too long");
    }
    const struct http_options http = {
        .ca_file = options->ca_file,
        .plain = is_plain(e2b->api) || is_plain(options->sandbox_url),
        .idle_max =
            options->slots > 0 && options->slots < IDLE_MAX ? (size_t)options->slots : IDLE_MAX,
    };
    e2b->http = http_new(&http);
    pthread_mutex_init(&e2b->lock, NULL);
    e2b->backend = (struct sandbox_backend){
        .name = "e2b",
        .isolation = "vm",
        .image = options->template,
        .context = e2b,
        .create = create,
        .run = e2b_run,
        .cancel = cancel,
        .destroy = destroy,
        .reference = reference,
        .list = list,
        .remove = remove_listed,
    };
    e2b->backend.readiness =
        readiness_new(&(struct readiness_options){.name = "e2b",
                                                  .ask = e2b_control_preflight,
                                                  .context = e2b,
                                                  .every_ms = 1000 * options->preflight_seconds,
                                                  .again_ms = SERVICE_AGAIN_MS});
    *ret_backend = &e2b->backend;
    return true;
}

void e2b_backend_free(struct sandbox_backend *backend)
{
    if (!backend)
        return;
    struct e2b *e2b = backend->context;
    http_cancel(e2b->http, &e2b->closing);
    readiness_free(backend->readiness);
    json_auto(&e2b->listed);
    http_free(e2b->http);
    pthread_mutex_destroy(&e2b->lock);
    free(e2b);
}
