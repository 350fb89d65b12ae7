/* The launcher: who dies with whom, what is left behind, what a sandbox inherits. */
/* Proves: T17 T19 */
#include "tests/unit/cmocka_all.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/unit/support/bed.h"
#include "worker/sandbox/local/cell.h"
#include "worker/sandbox/local/watch.h"

#define CANARY "canary-4fb1c9"

static struct launcher *new_launcher(int64_t sandbox_max)
{
    struct launcher *launcher = NULL;
    struct error err = {0};
    struct launcher_options options = {.python = "/usr/bin/python3",
                                       .slot_uid = BED_UID,
                                       .sandbox_max = sandbox_max,
                                       .tmp_bytes = 16 << 20};
    if (!launcher_start(&options, &launcher, &err))
        fail_msg("%s", err.text);
    return launcher;
}

static struct cell new_cell(struct launcher *launcher, int64_t lives_ms)
{
    struct cell cell;
    struct error err = {0};
    struct launcher_request request = {.limits = {.memory_bytes = 128 << 20, .pids = 16},
                                       .deadline_ms = clock_monotonic_ms() + lives_ms};
    if (!cell_start(launcher, &request, &cell, &err))
        fail_msg("%s", err.text);
    return cell;
}

/* Booted, and waits for a frame. */
static void await_boot(const struct cell *cell)
{
    char ready[64] = "";
    int flags = fcntl(cell->results, F_GETFL);
    fcntl(cell->results, F_SETFL, flags & ~O_NONBLOCK);
    assert_int_equal(read(cell->results, ready, sizeof ready), 13);
    assert_int_equal(ready[0], 'R');
}

/* The end of all processes that hold the sandbox's end of a pipe. */
static void await_end_of(const struct cell *cell)
{
    char data[256];
    int flags = fcntl(cell->results, F_GETFL);
    fcntl(cell->results, F_SETFL, flags & ~O_NONBLOCK);
    while (read(cell->results, data, sizeof data) > 0)
        ;
}

static bool nothing_below(void *pid)
{
    return bed_processes_below(*(int *)pid) == 0;
}

static bool is_dead(void *pid)
{
    return kill(*(int *)pid, 0) < 0;
}

/* Folders of ours in any cgroup hierarchy that belong to this process id. */
static size_t count_groups(const char *folder, const char *name, int depth)
{
    size_t count = 0;
    DIR *dir = depth > 0 ? opendir(folder) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[1024];
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        count += strcmp(entry->d_name, name) == 0;
        count += count_groups(path, name, depth - 1);
    }
    if (dir)
        closedir(dir);
    return count;
}

static size_t groups_of(int launcher_pid)
{
    char name[64];
    snprintf(name, sizeof name, "countersign-%d", launcher_pid);
    return count_groups("/sys/fs/cgroup", name, 6);
}

static void stop_leaves_nothing_behind(void **state)
{
    (void)state;
    struct launcher *launcher = new_launcher(8);
    int pid = launcher_pid(launcher);
    struct cell cells[5];
    for (size_t i = 0; i < COUNT_OF(cells); i++)
        cells[i] = new_cell(launcher, BED_HANG_MS);
    await_boot(&cells[0]);
    if (strcmp(launcher_cgroup(launcher), "none") != 0)
        assert_true(groups_of(pid) >= 2);
    launcher_stop(launcher);
    for (size_t i = 0; i < COUNT_OF(cells); i++) {
        await_end_of(&cells[i]);
        cell_close(&cells[i]);
    }
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(groups_of(pid), 0);
}

static void a_closed_cell_is_buried(void **state)
{
    (void)state;
    struct launcher *launcher = new_launcher(2);
    int pid = launcher_pid(launcher);
    /* Many more than there are slots: each must become free again. */
    for (int i = 0; i < 12; i++) {
        struct cell cell = new_cell(launcher, BED_HANG_MS);
        if (i % 3 == 0)
            await_boot(&cell);
        cell_close(&cell);
        assert_true(bed_wait(nothing_below, &pid));
    }
    launcher_stop(launcher);
}

static void too_many_are_refused(void **state)
{
    (void)state;
    struct launcher *launcher = new_launcher(1);
    struct cell first = new_cell(launcher, BED_HANG_MS), second = new_cell(launcher, BED_HANG_MS);
    struct launcher_report report;
    assert_true(cell_await(&second, REPORT_ENDED, BED_HANG_MS, &report));
    assert_int_equal(report.cause, CAUSE_NOT_STARTED);
    assert_string_equal(report.text, "too many sandboxes are alive");
    await_boot(&first);
    cell_close(&first);
    cell_close(&second);
    launcher_stop(launcher);
}

static bool is_past(void *moment)
{
    return clock_monotonic_ms() > *(int64_t *)moment;
}

/* The launcher looks at its clock in each turn, before it takes orders: once it has begun a sandbox
 * after the deadline, an order to kill comes too late. */
static void keep_alive_that_stops_kills(void **state)
{
    (void)state;
    struct launcher *launcher = new_launcher(4);
    struct cell kept = new_cell(launcher, BED_HANG_MS), left = new_cell(launcher, BED_HANG_MS);
    struct launcher_report report;
    int64_t deadline = clock_monotonic_ms() + 300;
    cell_keep_alive(&kept, clock_monotonic_ms() + BED_HANG_MS);
    cell_keep_alive(&left, deadline);
    assert_true(bed_wait(is_past, &deadline));
    struct cell later = new_cell(launcher, BED_HANG_MS);
    await_boot(&later);
    cell_kill(&left);
    assert_true(cell_await(&left, REPORT_ENDED, BED_HANG_MS, &report));
    assert_int_equal(report.cause, CAUSE_KEEP_ALIVE);
    await_end_of(&left);
    await_boot(&kept);
    assert_false(cell_report(&kept, 0, &report));
    cell_close(&kept);
    cell_close(&left);
    cell_close(&later);
    launcher_stop(launcher);
}

/* A process that stands for the worker: starts a launcher and two sandboxes,
 * tells the launcher's id, and then waits to be killed or stopped. */
static int fork_worker(int *ret_launcher_pid)
{
    int tell[2];
    assert_int_equal(pipe(tell), 0);
    int worker = fork();
    if (worker == 0) {
        struct launcher *launcher = new_launcher(4);
        struct cell first = new_cell(launcher, BED_HANG_MS),
                    second = new_cell(launcher, BED_HANG_MS);
        int pid = launcher_pid(launcher);
        await_boot(&first);
        await_boot(&second);
        cell_keep_alive(&first, clock_monotonic_ms() + 1000);
        if (write(tell[1], &pid, sizeof pid) == (ssize_t)sizeof pid)
            for (;;)
                pause();
        _exit(1);
    }
    assert_int_equal(read(tell[0], ret_launcher_pid, sizeof *ret_launcher_pid),
                     sizeof *ret_launcher_pid);
    close(tell[0]);
    close(tell[1]);
    return worker;
}

static void a_killed_worker_takes_all_along(void **state)
{
    (void)state;
    int launcher, worker = fork_worker(&launcher);
    assert_true(bed_processes_below(launcher) >= 2);
    kill(worker, SIGKILL);
    waitpid(worker, NULL, 0);
    assert_true(bed_wait(is_dead, &launcher));
    assert_int_equal(groups_of(launcher), 0);
}

static size_t below;

static bool fewer_below(void *pid)
{
    return bed_processes_below(*(int *)pid) < below;
}

static void a_paused_worker_holds_nothing_alive(void **state)
{
    (void)state;
    int launcher, worker = fork_worker(&launcher);
    below = bed_processes_below(launcher);
    kill(worker, SIGSTOP);
    assert_true(bed_wait(fewer_below, &launcher)); /* the one of 1,000 ms */
    kill(worker, SIGKILL);
    waitpid(worker, NULL, 0);
    assert_true(bed_wait(is_dead, &launcher));
}

static void a_killed_launcher_takes_its_sandboxes_along(void **state)
{
    (void)state;
    struct launcher *launcher = new_launcher(4);
    struct cell cell = new_cell(launcher, BED_HANG_MS);
    struct launcher_report report;
    int pid = launcher_pid(launcher);
    await_boot(&cell);
    kill(pid, SIGKILL);
    await_end_of(&cell);
    assert_false(cell_await(&cell, REPORT_ENDED, BED_HANG_MS, &report));
    cell_close(&cell);
    launcher_stop(launcher);
    /* What it could not remove, the next one does. */
    struct launcher *next = new_launcher(4);
    assert_int_equal(groups_of(pid), 0);
    launcher_stop(next);
}

static void signals_to_the_group_are_for_the_worker(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    struct launcher *launcher = new_launcher(4);
    struct cell cell = new_cell(launcher, BED_HANG_MS);
    struct launcher_report report;
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        kill(launcher_pid(launcher), signals[i]);
    await_boot(&cell);
    struct cell after = new_cell(launcher, BED_HANG_MS);
    await_boot(&after);
    assert_false(cell_report(&cell, 0, &report));
    cell_close(&after);
    cell_close(&cell);
    launcher_stop(launcher);
}

/* From outside, where it counts: never root, and each its own when we are. */
static void never_the_hosts_root(void **state)
{
    (void)state;
    struct launcher *launcher = new_launcher(4);
    struct cell cells[2] = {new_cell(launcher, BED_HANG_MS), new_cell(launcher, BED_HANG_MS)};
    int64_t uids[2];
    for (int i = 0; i < 2; i++) {
        struct launcher_report report;
        struct launcher_limits limits = {.memory_bytes = 64 << 20, .pids = 8};
        await_boot(&cells[i]);
        assert_true(cell_arm(&cells[i], &limits));
        assert_true(cell_await(&cells[i], REPORT_ARMED, BED_HANG_MS, &report));
        assert_true(report.armed);
        uids[i] = report.host_uid;
    }
    if (geteuid() == 0) {
        assert_int_equal(uids[0], BED_UID);
        assert_int_equal(uids[1], BED_UID + 1);
    } else {
        assert_int_equal(uids[0], geteuid());
        assert_int_equal(uids[1], geteuid());
    }
    for (int i = 0; i < 2; i++)
        cell_close(&cells[i]);
    launcher_stop(launcher);
}

/* What the worker had open, and had in its environment, is not to be found inside. */
static void nothing_of_the_worker_is_inside(void **state)
{
    (void)state;
    int secret = open("/etc/hostname", O_RDONLY), high = fcntl(secret, F_DUPFD, 200);
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(secret >= 0 && high >= 200 && listening >= 0);
    setenv("DATABASE_URL", CANARY, 1);
    struct bed bed;
    bed_open(&bed, 0, NULL);
    struct bed_job job =
        bed_python("import os, glob\nprint(sorted(os.listdir('/proc/self/fd'))[:4], "
                   "len(os.listdir('/proc/self/fd')), len(os.listdir('/proc/1/fd')))\n"
                   "for path in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline'):\n"
                   "    try: print(open(path).read())\n    except OSError: pass\n"
                   "print(os.environ)");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_true(bed_contains(&outcome.out, "['0', '1', '2', '3'] 5"));
    assert_false(bed_contains(&outcome.out, CANARY));
    bed_close(&bed);
    unsetenv("DATABASE_URL");
    close(high);
    close(secret);
    close(listening);
}

/* The launcher may stay root: what it had open, every sandbox could reach by a mistake. */
/* Only root may look into the launcher, which no plain user may trace. */
static void the_launcher_has_nothing_of_the_worker(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return;
    char path[64], target[64];
    int secret = open("/etc/hostname", O_RDONLY), high = fcntl(secret, F_DUPFD, 200);
    assert_true(secret >= 0 && high >= 200);
    struct launcher *launcher = new_launcher(1);
    struct cell cell = new_cell(launcher, BED_HANG_MS);
    await_boot(&cell);
    snprintf(path, sizeof path, "/proc/%d/fd/%d", launcher_pid(launcher), high);
    assert_int_equal(readlink(path, target, sizeof target), -1);
    assert_int_equal(errno, ENOENT);
    cell_close(&cell);
    launcher_stop(launcher);
    close(high);
    close(secret);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    static const struct launcher_options options[] = {
        {.python = "python3", .slot_uid = 1, .sandbox_max = 1, .tmp_bytes = 1},
        {.python = "/usr/bin/python3", .slot_uid = 0, .sandbox_max = 1, .tmp_bytes = 1},
        {.python = "/usr/bin/python3", .slot_uid = 1, .sandbox_max = 0, .tmp_bytes = 1},
    };
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        struct launcher *launcher = NULL;
        struct error err = {0};
        assert_false(launcher_start(&options[i], &launcher, &err));
        assert_int_equal(err.code, ERR_INVALID_FIELD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_leaves_nothing_behind),
        cmocka_unit_test(a_closed_cell_is_buried),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(keep_alive_that_stops_kills),
        cmocka_unit_test(a_killed_worker_takes_all_along),
        cmocka_unit_test(a_paused_worker_holds_nothing_alive),
        cmocka_unit_test(a_killed_launcher_takes_its_sandboxes_along),
        cmocka_unit_test(signals_to_the_group_are_for_the_worker),
        cmocka_unit_test(never_the_hosts_root),
        cmocka_unit_test(nothing_of_the_worker_is_inside),
        cmocka_unit_test(the_launcher_has_nothing_of_the_worker),
        cmocka_unit_test(bad_options_are_refused),
    };
#ifdef PLAIN_USER
    bed_become_plain();
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
