/* Runs one job on one backend, without a database: `build/run_job BACKEND <job.json` prints one
 * line of JSON. The settings are a worker's; SIGTERM and SIGINT cancel the job. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/settings.h"
#include "tests/support/job_in.h"
#include "tests/support/job_out.h"
#include "worker/privileges.h"
#include "worker/sandbox/daytona/daytona.h"
#include "worker/sandbox/e2b/e2b.h"
#include "worker/sandbox/local/local.h"
#include "worker/sandbox/readiness.h"
#include "worker/signals.h"

#define POLL_MS 20
/* A range of user ids for each process: many run at once, and RLIMIT_NPROC counts per user. */
#define SLOT_UID (70000 + 8 * (getpid() % 50000))

static struct error why;

/* What may be cancelled, and when. */
static struct {
    pthread_mutex_t lock;
    const struct sandbox_backend *backend;
    struct sandbox *sandbox; /* NULL: not yet, or no more */
    atomic_bool cancelled;
    int64_t cancel_at_ms; /* monotonic; -1: never */
    struct signals *signals;
} run = {.lock = PTHREAD_MUTEX_INITIALIZER, .cancel_at_ms = -1};

static int complain(void)
{
    fprintf(stderr, "run_job: %s\n", why.text);
    return EXIT_FAILURE;
}

static void cancel(void)
{
    pthread_mutex_lock(&run.lock);
    atomic_store(&run.cancelled, true);
    if (run.sandbox)
        run.backend->cancel(run.sandbox);
    pthread_mutex_unlock(&run.lock);
}

static void cancel_on_output(void *context)
{
    (void)context;
    cancel();
}

static void *watch(void *context)
{
    (void)context;
    for (;;) {
        bool due = run.cancel_at_ms >= 0 && clock_monotonic_ms() >= run.cancel_at_ms;
        if (signals_wait(run.signals, due ? 0 : POLL_MS) || due)
            break;
    }
    cancel();
    return NULL;
}

static void set_sandbox(struct sandbox *sandbox)
{
    pthread_mutex_lock(&run.lock);
    run.sandbox = sandbox;
    if (sandbox && atomic_load(&run.cancelled))
        run.backend->cancel(sandbox);
    pthread_mutex_unlock(&run.lock);
}

/* ---- backends ------------------------------------------------------------------------------ */

static bool open_local(const struct settings *settings, struct launcher *launcher,
                       struct sandbox_backend **ret_backend)
{
    const struct local_options options = {.warm = 0,
                                          .lease_ms = settings->lease_ms,
                                          .preflight_seconds = settings->preflight_seconds,
                                          .require_cgroup = settings->local_require_cgroup != 0};
    return local_backend_new(launcher, &options, ret_backend, &why);
}

static bool open_daytona(const struct settings *settings, struct launcher *launcher,
                         struct sandbox_backend **ret_backend)
{
    const struct daytona_options options = {.key = settings->daytona_api_key.value,
                                            .api_url = settings->daytona_api_url,
                                            .target = settings->daytona_target,
                                            .toolbox = settings->daytona_toolbox_host,
                                            .snapshot = settings->daytona_snapshot,
                                            .ca_file = settings->ca_file,
                                            .slots = 1,
                                            .call_ms = settings->daytona_call_ms};
    (void)launcher;
    return daytona_backend_new(&options, ret_backend, &why);
}

static bool open_e2b(const struct settings *settings, struct launcher *launcher,
                     struct sandbox_backend **ret_backend)
{
    const struct e2b_options options = {.key = settings->e2b_api_key.value,
                                        .domain = settings->e2b_domain,
                                        .api_url = settings->e2b_api_url,
                                        .sandbox_url = settings->e2b_sandbox_url,
                                        .template = settings->e2b_template,
                                        .call_ms = settings->e2b_call_ms,
                                        .ca_file = settings->ca_file,
                                        .slots = 1};
    (void)launcher;
    return e2b_backend_new(&options, ret_backend, &why);
}

static const struct kind {
    const char *name;
    bool needs_launcher;
    bool (*open)(const struct settings *settings, struct launcher *launcher,
                 struct sandbox_backend **ret_backend);
    void (*close)(struct sandbox_backend *backend);
} kinds[] = {
    {"local", true, open_local, local_backend_free},
    {"e2b", false, open_e2b, e2b_backend_free},
    {"daytona", false, open_daytona, daytona_backend_free},
};

static const struct kind *find_kind(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static bool start_launcher(const struct settings *settings, struct launcher **ret_launcher)
{
    const struct launcher_options options = {.python = settings->local_python,
                                             .slot_uid = SLOT_UID,
                                             .sandbox_max = 4,
                                             .tmp_bytes = settings->local_tmp_bytes};
    return launcher_start(&options, ret_launcher, &why);
}

/* ---- the run ------------------------------------------------------------------------------- */

static bool make(struct job_in *in, struct job_out *out, struct sandbox **ret_sandbox)
{
    const struct sandbox_backend *backend = run.backend;
    struct error *err = &out->create_error;
    char why_not[READINESS_WHY];
    if (readiness_look(backend->readiness, why_not) != READINESS_YES)
        return fail(err, ERR_UNAVAILABLE, "%s", why_not);
    if (in->reference && !backend->attach)
        return fail(err, ERR_NOT_IMPLEMENTED, "%s can not attach", backend->name);
    if (in->reference)
        return backend->attach(backend->context, &in->job, in->reference, ret_sandbox, err);
    return backend->create(backend->context, &in->job, ret_sandbox, err);
}

static void execute(struct job_in *in, struct job_out *out)
{
    const struct sandbox_backend *backend = run.backend;
    const struct sandbox_sink sink = job_out_sink(out);
    struct sandbox *sandbox = NULL;
    int64_t start_ms = clock_monotonic_ms();
    in->job.cancelled = &run.cancelled;
    in->job.retry_after_ms = &out->retry_after_ms;
    if (!in->job.image)
        in->job.image = backend->image;
    out->on_output = in->cancel_on_output ? cancel_on_output : NULL;
    out->created = make(in, out, &sandbox);
    out->create_ms = clock_monotonic_ms() - start_ms;
    if (out->created) {
        set_sandbox(sandbox);
        if (backend->reference)
            out->reference = memory_text(backend->reference(sandbox));
        (in->reference ? backend->resume : backend->run)(sandbox, &in->job, &sink, &out->result);
        set_sandbox(NULL);
        backend->destroy(sandbox);
    }
    out->whole_ms = clock_monotonic_ms() - start_ms;
}

static bool watch_start(const struct job_in *in)
{
    pthread_t thread;
    if (in->cancel_after_ms >= 0)
        run.cancel_at_ms = clock_monotonic_ms() + in->cancel_after_ms;
    return pthread_create(&thread, NULL, watch, NULL) == 0 ||
           fail(&why, ERR_INTERNAL, "no thread can be started");
}

static bool read_all(FILE *from, struct buffer *ret_text)
{
    char part[65536];
    for (size_t got; (got = fread(part, 1, sizeof part, from)) > 0;)
        buffer_add(ret_text, part, got);
    return !ferror(from);
}

static int run_one(const struct kind *kind, const struct settings *settings,
                   struct launcher *launcher)
{
    AUTO(buffer) struct buffer text = {0};
    AUTO(job_in) struct job_in in = {0};
    AUTO(job_out) struct job_out out;
    struct sandbox_backend *backend = NULL;
    job_out_start(&out);
    if (!read_all(stdin, &text) || !job_in_read(buffer_bytes(&text), &in, &why) ||
        !kind->open(settings, launcher, &backend))
        return complain();
    run.backend = backend;
    if (!watch_start(&in))
        return complain();
    execute(&in, &out);
    kind->close(backend);
    job_out_print(&out, stdout);
    if (fflush(stdout) != 0 && !fail(&why, ERR_INTERNAL, "the result could not be written"))
        return complain();
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct settings settings; /* its texts live as long as the process */
    const struct kind *kind = argc == 2 ? find_kind(argv[1]) : NULL;
    struct launcher *launcher = NULL;
    if (!kind) {
        fputs("build/run_job BACKEND <job.json; the fields are in tests/support/job_in.h\n",
              stderr);
        return 2;
    }
    log_open("run_job", LOG_WARN);
    if (!settings_load(SETTINGS_WORKER, stderr, &settings, &why) ||
        (kind->needs_launcher && !start_launcher(&settings, &launcher)) ||
        !privileges_drop(settings.worker_user, &why) || !crypto_init(&why) ||
        !signals_open(&run.signals, &why))
        return complain();
    int status = run_one(kind, &settings, launcher);
    launcher_stop(launcher);
    return status;
}
