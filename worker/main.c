/* countersign-worker: runs approved code in sandboxes. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/guard.h"
#include "common/base/log.h"
#include "worker/privileges.h"
#include "worker/sandbox/local/launcher.h"
#include "worker/signals.h"
#include "worker/worker.h"

static const char usage[] =
    "countersign-worker runs approved code in sandboxes.\n"
    "\n"
    "  countersign-worker            work until SIGTERM\n"
    "  countersign-worker --check    probe the sandboxes, say what is ready, exit 0 or 1\n"
    "  countersign-worker --version\n"
    "  countersign-worker --help\n"
    "\n";

#define TUNABLES "GLIBC_TUNABLES"
#define MANY_SLOTS 64
#define CHECK_MS 60000 /* for the preflights, which take seconds at most */
#define FIRST_MS 1000  /* so that a worker says at once what it can do, where all is well */

static int complain(const struct error *err)
{
    log_error("worker.stopped", err);
    return EXIT_FAILURE;
}

static enum log_level level_of(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum log_level)i;
    return LOG_INFO;
}

/* What the table of settings can not say. */
static bool settings_agree(const struct settings *settings, struct error *err)
{
    if (3 * settings->heartbeat_ms >= settings->lease_ms)
        return fail_field(err, ERR_BAD_REQUEST, "HEARTBEAT_MS",
                          "three heartbeats must be shorter than LEASE_MS");
    return true;
}

static void name_worker(struct settings *settings)
{
    static char name[128];
    char host[64] = "worker";
    if (*settings->worker_name)
        return;
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "%s-%d", host, (int)getpid());
    settings->worker_name = name;
}

/* Warm and dying sandboxes take places as well. */
static bool fork_launcher(const struct settings *settings, struct launcher **ret_launcher,
                          struct error *err)
{
    int64_t at_once = settings->worker_slots < settings->local_slots ? settings->worker_slots
                                                                     : settings->local_slots;
    const struct launcher_options options = {
        .python = settings->local_python,
        .slot_uid = settings->local_slot_uid,
        .sandbox_max = 2 * (at_once + settings->local_warm) + 4,
        .tmp_bytes = settings->local_tmp_bytes,
    };
    return launcher_start(&options, ret_launcher, err);
}

static int check(struct backends *backends)
{
    backends_await(backends, CHECK_MS);
    AUTO(json) json_t *report = backends_report(backends);
    AUTO(text) char *text = json_text(report);
    const char *queues[BACKENDS_MAX];
    size_t most;
    printf("%s\n", text);
    return backends_queues(backends, queues, &most) > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int work(const struct settings *settings, struct backends *take_backends,
                struct signals *signals)
{
    struct error err = {0};
    backends_await(take_backends, FIRST_MS);
    struct worker *worker = worker_new(settings, take_backends);
    if (!worker_run(worker, signals, &err)) {
        complain(&err);
        /* Threads may still be about; the launcher and its sandboxes end with us. */
        _exit(EXIT_FAILURE);
    }
    worker_free(worker);
    LOG(LOG_INFO, "worker.stopped");
    return EXIT_SUCCESS;
}

static int open_and_work(const struct settings *settings, struct launcher *launcher,
                         bool only_check)
{
    struct error err = {0};
    struct signals *signals = NULL;
    struct backends *backends = NULL;
    if (!privileges_drop(settings->worker_user, &err) || !crypto_init(&err) ||
        !signals_open(&signals, &err) || !backends_open(settings, launcher, &backends, &err))
        return complain(&err);
    int status;
    if (only_check) {
        status = check(backends);
        backends_free(backends);
    } else {
        status = work(settings, backends, signals);
    }
    signals_close(signals);
    return status;
}

/* Each slot at a service keeps a connection and a pipe. */
static void allow_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* What malloc keeps for each thread would cost hundreds of slots 9 KiB each, and only
 * the environment of a new program can turn it off. */
static void begin_again_without_caches(const struct settings *settings, char **argv)
{
    if (settings->worker_slots < MANY_SLOTS || getenv(TUNABLES))
        return;
    setenv(TUNABLES, "glibc.malloc.tcache_count=0", 1);
    execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    const char *option = argc > 1 ? argv[1] : "";
    static struct settings settings; /* its texts live as long as the process */
    struct error err = {0};
    guard_memory();
    if (argc > 2 || (*option && strcmp(option, "--check") != 0 &&
                     strcmp(option, "--version") != 0 && strcmp(option, "--help") != 0)) {
        fputs(usage, stderr);
        return 2;
    }
    if (strcmp(option, "--help") == 0) {
        fputs(usage, stdout);
        settings_print_help(SETTINGS_WORKER, stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(option, "--version") == 0) {
        printf("countersign-worker %s\n", COUNTERSIGN_VERSION);
        return EXIT_SUCCESS;
    }
    log_open("worker", LOG_INFO);
    if (!settings_load(SETTINGS_WORKER, stderr, &settings, &err) ||
        !settings_agree(&settings, &err))
        return complain(&err);
    begin_again_without_caches(&settings, argv);
    log_open("worker", level_of(settings.log_level));
    name_worker(&settings);
    /* An arena per thread would cost every slot more than its whole budget. */
    mallopt(M_ARENA_MAX, 2);
    struct launcher *launcher = NULL;
    if (!settings.local_off && !fork_launcher(&settings, &launcher, &err))
        return complain(&err);
    allow_files();
    int status = open_and_work(&settings, launcher, strcmp(option, "--check") == 0);
    launcher_stop(launcher);
    return status;
}
