/* What is written to the files of a control group, and how figures are read from them. */
#include "tests/unit/cmocka_all.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "worker/sandbox/local/cgroup.h"

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void expect_file(const char *folder, const char *name, const char *text)
{
    char path[512], found[128] = "";
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_true(fgets(found, sizeof found, file) || !*text);
    fclose(file);
    assert_string_equal(found, text);
}

static void remove_files(const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

/* A kernel may offer no v2 controllers, so the files are ordinary ones here. */
static void cgroup_v2_files(void **context)
{
    (void)context;
    static const char *const files[] = {"cgroup.procs",     "memory.max", "memory.swap.max",
                                        "memory.oom.group", "pids.max",   "cgroup.kill"};
    char folder[] = "/tmp/countersign-v2-XXXXXX", group[64];
    assert_non_null(mkdtemp(folder));
    struct cgroup_base base = {.kind = CGROUP_V2};
    snprintf(base.memory, sizeof base.memory, "%s", folder);
    snprintf(base.pids, sizeof base.pids, "%s", folder);
    snprintf(group, sizeof group, "%s/one", folder);
    assert_int_equal(mkdir(group, 0700), 0);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        put_file(group, files[i], "");
    struct launcher_limits limits = {.memory_bytes = 12345678, .pids = 64};
    assert_true(cgroup_make(&base, "one"));
    assert_true(cgroup_limit(&base, "one", &limits));
    assert_true(cgroup_enter(&base, "one"));
    cgroup_kill(&base, "one");
    expect_file(group, "memory.max", "12345678");
    expect_file(group, "memory.swap.max", "0");
    expect_file(group, "memory.oom.group", "1");
    expect_file(group, "pids.max", "66"); /* bubblewrap and its init come on top */
    expect_file(group, "cgroup.procs", "0");
    expect_file(group, "cgroup.kill", "1");
    put_file(group, "cpu.stat", "usage_usec 5000\nuser_usec 1\n");
    put_file(group, "memory.peak", "777\n");
    put_file(group, "memory.events", "low 0\noom 3\noom_kill 2\n");
    put_file(group, "pids.events", "max 4\n");
    struct launcher_report report = {0};
    cgroup_measure(&base, "one", &report);
    assert_int_equal(report.cpu_us, 5000);
    assert_int_equal(report.memory_peak_bytes, 777);
    assert_int_equal(report.memory_kills, 2);
    assert_int_equal(report.pids_refused, 4);
    remove_files(group);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cgroup_v2_files)};
    return cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
}
