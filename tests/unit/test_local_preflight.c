/* Preflight: what is not as expected switches the backend off; what dies is told apart. */
/* Proves: T17 I18 */
#include "tests/unit/cmocka_all.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/unit/support/bed.h"
#include "worker/sandbox/local/watch.h"
#include "worker/sandbox/readiness.h"

static struct bed bed;

static bool nothing_below(void *pid)
{
    return bed_processes_below(*(int *)pid) == 0;
}

/* Without the sandbox of its preflight, which would be taken for the one that is tested. */
static int open_bed(void **context)
{
    (void)context;
    bed_open(&bed, 0, NULL);
    int pid = launcher_pid(bed.launcher);
    return bed_wait(nothing_below, &pid) ? 0 : -1;
}

static int close_bed(void **context)
{
    (void)context;
    bed_close(&bed);
    return 0;
}

/* The other tests set up their own: no thread of ours may run while they fork and set the log. */
#define WITH_BED(test) cmocka_unit_test_setup_teardown(test, open_bed, close_bed)

/* The state of a backend with an interpreter, cgroups and a wish of one's own. */
static struct local_state state_with(const char *python, const char *cgroup_root, bool require)
{
    struct launcher_options options = {.python = python,
                                       .slot_uid = BED_UID,
                                       .sandbox_max = 4,
                                       .tmp_bytes = 16 << 20,
                                       .cgroup_root = cgroup_root};
    struct local_options local = {
        .lease_ms = 30000, .preflight_seconds = 600, .require_cgroup = require};
    struct launcher *launcher = NULL;
    struct sandbox_backend *backend = NULL;
    struct error err = {0};
    struct local_state state;
    char why_not[READINESS_WHY];
    log_open("test", LOG_ERROR + 1);
    assert_true(launcher_start(&options, &launcher, &err));
    assert_true(local_backend_new(launcher, &local, &backend, &err));
    local_backend_state(backend, &state);
    assert_int_equal(readiness_look(backend->readiness, why_not) == READINESS_YES, state.ready);
    assert_string_equal(why_not, state.why_not);
    local_backend_free(backend);
    launcher_stop(launcher);
    return state;
}

static void ready_on_this_machine(void **context)
{
    (void)context;
    struct local_state state = state_with("/usr/bin/python3", NULL, false);
    assert_string_equal(state.why_not, "");
    assert_true(state.ready);
    assert_true(state.checked_at_ms > 0);
}

static void without_cgroup_weaker_or_refused(void **context)
{
    (void)context;
    struct local_state state = state_with("/usr/bin/python3", "", false);
    assert_true(state.ready);
    assert_true(state.weaker);
    assert_true(strlen(state.weaker_because) > 0);
    state = state_with("/usr/bin/python3", "", true);
    assert_false(state.ready);
    assert_non_null(strstr(state.why_not, "LOCAL_REQUIRE_CGROUP"));
}

static void wrong_interpreters(void **context)
{
    (void)context;
    static const char *const paths[] = {"/usr/bin/missing-python", "/usr/bin/true", "/usr/bin/yes",
                                        "/usr/bin/cat"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct local_state state = state_with(paths[i], NULL, false);
        if (state.ready || !strstr(state.why_not, "does not start"))
            fail_msg("%s: ready %d, %s", paths[i], state.ready, state.why_not);
    }
}

/* Takes one capability from this process; false when it was not there. */
static bool drop_capability(int number)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &head, data) < 0 || !(data[0].effective & 1U << number))
        return false;
    data[0].effective &= ~(1U << number);
    data[0].permitted &= ~(1U << number);
    return syscall(SYS_capset, &head, data) == 0;
}

/* Root in a container may lack what ends a sandbox of another user id, or what
 * gives it one: neither may run jobs. */
static void root_that_lacks_a_capability(void **context)
{
    (void)context;
    static const int needed[] = {CAP_KILL, CAP_SETUID, CAP_SETGID};
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            if (!drop_capability(needed[i]))
                _exit(0); /* a plain user needs none */
            struct local_state state = state_with("/usr/bin/python3", "", false);
            _exit(state.ready ? 1 : 0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void not_ready_creates_nothing(void **context)
{
    (void)context;
    struct launcher_options options = {
        .python = "/usr/bin/false", .slot_uid = BED_UID, .sandbox_max = 4, .tmp_bytes = 16 << 20};
    struct local_options local = {.warm = 2, .lease_ms = 30000, .preflight_seconds = 600};
    struct launcher *launcher = NULL;
    struct sandbox_backend *backend = NULL;
    struct sandbox *sandbox = NULL;
    struct error err = {0};
    struct bed_job job = bed_python("1");
    assert_true(launcher_start(&options, &launcher, &err));
    assert_true(local_backend_new(launcher, &local, &backend, &err));
    assert_false(backend->create(backend->context, &job.job, &sandbox, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    local_backend_free(backend);
    launcher_stop(launcher);
}

/* What was approved for other packages waits for a worker that has them. */
static void only_the_packages_that_were_approved(void **context)
{
    (void)context;
    struct local_state state;
    struct sandbox *sandbox = NULL;
    struct error err = {0};
    struct bed_job job = bed_python("1");
    local_backend_state(bed.backend, &state);
    assert_int_equal(strlen(state.image_digest), 64);
    char other[SHA256_HEX];
    memcpy(other, state.image_digest, sizeof other);
    other[63] = other[63] == '0' ? '1' : '0';
    job.job.image_digest = other;
    assert_false(bed.backend->create(bed.backend->context, &job.job, &sandbox, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "not those that were approved"));
    const char *const fine[] = {state.image_digest, "", NULL};
    for (size_t i = 0; i < COUNT_OF(fine); i++) {
        job.job.image_digest = fine[i];
        assert_true(bed.backend->create(bed.backend->context, &job.job, &sandbox, &err));
        bed.backend->destroy(sandbox);
    }
}

/* A backend asked every second notices that its launcher is gone. */
static bool is_off(void *context)
{
    struct local_state state;
    local_backend_state(context, &state);
    return !state.ready;
}

static void a_dead_launcher_is_noticed(void **context)
{
    (void)context;
    struct launcher_options options = {
        .python = "/usr/bin/python3", .slot_uid = BED_UID, .sandbox_max = 4, .tmp_bytes = 16 << 20};
    struct local_options local = {.lease_ms = 30000, .preflight_seconds = 1};
    struct launcher *launcher = NULL;
    struct sandbox_backend *backend = NULL;
    struct error err = {0};
    assert_true(launcher_start(&options, &launcher, &err));
    assert_true(local_backend_new(launcher, &local, &backend, &err));
    assert_false(is_off(backend));
    kill(launcher_pid(launcher), SIGKILL);
    assert_true(bed_wait(is_off, backend));
    local_backend_free(backend);
    launcher_stop(launcher);
}

static bool is_on(void *context)
{
    return !is_off(context);
}

static void a_failure_that_passes_is_no_long_pause(void **context)
{
    (void)context;
    char folder[] = "/var/tmp/countersign-python-XXXXXX", bin[64], python[80];
    assert_non_null(mkdtemp(folder));
    snprintf(bin, sizeof bin, "%s/bin", folder);
    snprintf(python, sizeof python, "%s/python3", bin);
    assert_int_equal(mkdir(bin, 0755) | chmod(bin, 0755) | chmod(folder, 0755), 0);
    struct launcher_options options = {
        .python = python, .slot_uid = BED_UID, .sandbox_max = 4, .tmp_bytes = 16 << 20};
    struct local_options local = {.lease_ms = 30000, .preflight_seconds = 600};
    struct launcher *launcher = NULL;
    struct sandbox_backend *backend = NULL;
    struct error err = {0};
    assert_true(launcher_start(&options, &launcher, &err));
    assert_true(local_backend_new(launcher, &local, &backend, &err));
    assert_true(is_off(backend));
    assert_int_equal(symlink("/usr/bin/python3", python), 0);
    bool back = bed_wait(is_on, backend);
    unlink(python);
    rmdir(bin);
    rmdir(folder);
    assert_true(back);
    local_backend_free(backend);
    launcher_stop(launcher);
}

/* Kills one of the processes of a running sandbox: depth 0 is bubblewrap, 1
 * its init, 2 Python. */
static int kill_depth;

static void kill_at_depth(struct bed_outcome *outcome)
{
    (void)outcome;
    pid_t pid = launcher_pid(bed.launcher);
    for (int depth = 0; depth <= kill_depth; depth++) {
        pid_t children[WATCH_CHILDREN];
        assert_true(watch_children(pid, children) >= 1);
        pid = children[0];
    }
    kill(pid, SIGKILL);
}

static void who_is_killed_decides_the_class(void **context)
{
    (void)context;
    static const struct {
        enum sandbox_outcome outcome;
        const char *reason;
    } ends[] = {
        {SANDBOX_UNKNOWN, "sandbox_lost"}, /* nothing inside can kill bubblewrap */
        {SANDBOX_FAILED, "signal"},        /* the job could have done these two itself */
        {SANDBOX_FAILED, "signal"},
    };
    for (kill_depth = 0; kill_depth < 3; kill_depth++) {
        struct bed_job job = bed_python("import time\nprint('up')\ntime.sleep(3600)");
        AUTO(bed_outcome) struct bed_outcome outcome = {.on_output = kill_at_depth};
        bed_run(&bed, &job, &outcome);
        assert_int_equal(outcome.result.outcome, ends[kill_depth].outcome);
        assert_string_equal(outcome.result.reason, ends[kill_depth].reason);
    }
}

static void pause_launcher(struct bed_outcome *outcome)
{
    (void)outcome;
    kill(launcher_pid(bed.launcher), SIGSTOP);
}

/* Our clock ran out, but nobody can say that the sandbox is dead. */
static void a_paused_launcher_proves_nothing(void **context)
{
    (void)context;
    struct bed_job job = bed_python("import time\nprint('up')\ntime.sleep(3600)");
    AUTO(bed_outcome) struct bed_outcome outcome = {.on_started = pause_launcher};
    job.job.limits.wall_ms = 300;
    bed_run(&bed, &job, &outcome);
    kill(launcher_pid(bed.launcher), SIGCONT);
    assert_int_equal(outcome.result.outcome, SANDBOX_UNKNOWN);
    assert_string_equal(outcome.result.reason, "sandbox_lost");
    int pid = launcher_pid(bed.launcher);
    assert_true(bed_wait(nothing_below, &pid)); /* it does its duty as soon as it can */
}

static void keep_alive_once(struct bed_outcome *outcome)
{
    outcome->backend->keep_alive(outcome->sandbox, 400);
}

static void what_nobody_keeps_alive_is_unknown(void **context)
{
    (void)context;
    struct bed_job job = bed_python("import time\ntime.sleep(3600)");
    AUTO(bed_outcome) struct bed_outcome outcome = {.on_started = keep_alive_once};
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_UNKNOWN);
    assert_string_equal(outcome.result.reason, "sandbox_lost");
    assert_int_equal(outcome.started, 1);
}

static void kill_all(struct bed_outcome *outcome)
{
    (void)outcome;
    pid_t children[WATCH_CHILDREN];
    size_t count = 0;
    while (count == 0)
        count = watch_children(launcher_pid(bed.launcher), children);
    for (size_t i = 0; i < count; i++)
        kill(children[i], SIGKILL);
}

/* Dead before the frame: the worker wrote less than all of it, whatever it was. */
static void killed_before_the_frame_is_not_started(void **context)
{
    (void)context;
    AUTO(buffer) struct buffer large = {0};
    while (large.len < 8 << 20)
        buffer_add_text(&large, "0123456789abcdef0123456789abcdef0123456789abcdef");
    struct bed_job job = bed_python("print('ran')");
    AUTO(bed_outcome) struct bed_outcome outcome = {.on_created = kill_all};
    bed_add_file(&job, "large.txt", (struct bytes){large.data, large.len});
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_NOT_STARTED);
    assert_int_equal(outcome.started, 0);
    assert_false(bed_contains(&outcome.out, "ran"));
    bed_job_close(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_on_this_machine),
        cmocka_unit_test(without_cgroup_weaker_or_refused),
        cmocka_unit_test(wrong_interpreters),
        cmocka_unit_test(root_that_lacks_a_capability),
        cmocka_unit_test(not_ready_creates_nothing),
        cmocka_unit_test(a_dead_launcher_is_noticed),
        cmocka_unit_test(a_failure_that_passes_is_no_long_pause),
        WITH_BED(only_the_packages_that_were_approved),
        WITH_BED(who_is_killed_decides_the_class),
        WITH_BED(a_paused_launcher_proves_nothing),
        WITH_BED(what_nobody_keeps_alive_is_unknown),
        WITH_BED(killed_before_the_frame_is_not_started),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
