#include "worker/sandbox/daytona/daytona.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/json.h"
#include "worker/sandbox/daytona/daytona_create.h"
#include "worker/sandbox/daytona/daytona_list.h"
#include "worker/sandbox/daytona/daytona_run.h"
#include "worker/sandbox/service_preflight.h"

#define CALL_MS 60000   /* a create is answered after up to 30 s */
#define SESSION_MS 1000 /* for the end of a session, before that of its sandbox */

static void cancel(struct sandbox *sandbox)
{
    pthread_mutex_lock(&sandbox->lock);
    http_cancel(sandbox->daytona->http, &sandbox->cancelled);
    pthread_cond_broadcast(&sandbox->wake);
    pthread_mutex_unlock(&sandbox->lock);
}

/* Ends code at once, where deleting the sandbox takes a while. */
static void end_session(const struct sandbox *sandbox)
{
    char path[DAYTONA_PATH];
    AUTO(http_answer) struct http_answer answer = {0};
    snprintf(path, sizeof path, "/process/session/%s", sandbox->session);
    const struct daytona_call call = {.method = "DELETE",
                                      .base = sandbox->toolbox,
                                      .path = path,
                                      .deadline_ms = clock_monotonic_ms() + SESSION_MS,
                                      .once = true};
    (void)!daytona_call(sandbox->daytona, &call, &answer);
}

static void destroy(struct sandbox *sandbox)
{
    struct error ignored; /* what stays is the janitor's */
    if (!sandbox)
        return;
    if (sandbox->running)
        end_session(sandbox);
    FAULT("worker.remote.delete");
    (void)!daytona_delete(sandbox->daytona, sandbox->remote.id,
                          clock_monotonic_ms() + sandbox->daytona->options.call_ms / 2, NULL,
                          &ignored);
    daytona_sandbox_free(sandbox);
}

static const char *reference(const struct sandbox *sandbox)
{
    return sandbox->reference;
}

/* Takes what another worker wrote down; nothing of it is an address we would call. */
static bool read_reference(struct sandbox *sandbox, const char *text)
{
    AUTO(json) json_t *root = NULL;
    struct error err;
    if (!json_read_object(bytes_of(text), &root, &err))
        return false;
    const char *id = json_text_of(root, "sandbox_id"), *session = json_text_of(root, "session");
    if (!id || !session || !daytona_id_fits(id) || !daytona_id_fits(session))
        return false;
    snprintf(sandbox->remote.id, sizeof sandbox->remote.id, "%s", id);
    snprintf(sandbox->session, sizeof sandbox->session, "%s", session);
    sandbox->created_ms = json_integer_of(root, "created_ms", sandbox->created_ms);
    sandbox->reference = memory_text(text);
    return true;
}

static bool find_run(struct sandbox *sandbox, const struct sandbox_job *job, struct error *err)
{
    struct daytona *daytona = sandbox->daytona;
    int64_t end = clock_monotonic_ms() + daytona->options.call_ms;
    struct daytona_sandbox found;
    enum daytona_look look = daytona_get(daytona, sandbox->remote.id, end, job->cancelled, &found);
    bool ours = look == DAYTONA_FOUND && found.attempt_id == job->attempt_id &&
                found.fence == job->fence && strcmp(found.instance, job->instance) == 0;
    if (look == DAYTONA_ABSENT || (look == DAYTONA_FOUND && !ours))
        return fail(err, ERR_NOT_FOUND, "the sandbox is gone");
    if (look != DAYTONA_FOUND || found.step == DAYTONA_WAIT)
        return fail(err, ERR_UNAVAILABLE, "Daytona does not say how the sandbox is");
    if (found.step != DAYTONA_READY)
        return fail(err, ERR_NOT_FOUND, "the sandbox has ended (%s)", found.state);
    sandbox->remote = found;
    if (!daytona_find_toolbox(sandbox, end, job->cancelled, err))
        return false;
    look = daytona_find_command(sandbox, end, job->cancelled);
    if (look == DAYTONA_UNSURE)
        return fail(err, ERR_UNAVAILABLE, "Daytona does not say how the run is");
    return look == DAYTONA_FOUND || fail(err, ERR_NOT_FOUND, "the sandbox knows of no such run");
}

static bool attach(void *context, const struct sandbox_job *job, const char *text,
                   struct sandbox **ret_sandbox, struct error *err)
{
    struct sandbox *sandbox = daytona_sandbox_new(context, job);
    bool good = read_reference(sandbox, text) ? find_run(sandbox, job, err)
                                              : fail(err, ERR_NOT_FOUND, "not a run of Daytona");
    if (!good) {
        daytona_sandbox_free(sandbox);
        return false;
    }
    *ret_sandbox = sandbox;
    return true;
}

bool daytona_backend_new(const struct daytona_options *options,
                         struct sandbox_backend **ret_backend, struct error *err)
{
    struct daytona *daytona = memory_new(1, sizeof *daytona);
    daytona->plain = strncmp(options->api_url, "http://", 7) == 0;
    daytona->options = *options;
    if (daytona->options.call_ms <= 0)
        daytona->options.call_ms = CALL_MS;
    if (!options->key[0] || !daytona_url(options->api_url, daytona->plain, daytona->api)) {
        free(daytona);
        return fail(err, ERR_INVALID_FIELD, "DAYTONA_API_URL is no address, or there is no key");
    }
    AUTO(buffer) struct buffer authorization = {0};
    buffer_printf(&authorization, "Bearer %s", options->key);
    daytona->authorization = memory_text(authorization.data);
    daytona->http =
        http_new(&(struct http_options){.ca_file = options->ca_file, .plain = daytona->plain});
    daytona->backend = (struct sandbox_backend){.name = "daytona",
                                                .isolation = "container",
                                                .image = options->snapshot,
                                                .context = daytona,
                                                .create = daytona_create,
                                                .run = daytona_run,
                                                .cancel = cancel,
                                                .destroy = destroy,
                                                .reference = reference,
                                                .attach = attach,
                                                .resume = daytona_resume,
                                                .list = daytona_list,
                                                .remove = daytona_remove,
                                                .abandon = daytona_sandbox_free};
    daytona->backend.readiness =
        readiness_new(&(struct readiness_options){.name = "daytona",
                                                  .ask = daytona_preflight,
                                                  .context = daytona,
                                                  .every_ms = 1000 * options->preflight_seconds,
                                                  .again_ms = SERVICE_AGAIN_MS});
    *ret_backend = &daytona->backend;
    return true;
}

void daytona_backend_free(struct sandbox_backend *backend)
{
    struct daytona *daytona = (struct daytona *)backend;
    if (!daytona)
        return;
    http_cancel(daytona->http, &daytona->closing);
    readiness_free(backend->readiness);
    http_free(daytona->http);
    free(daytona->authorization);
    free(daytona);
}
