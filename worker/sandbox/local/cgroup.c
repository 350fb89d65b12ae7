#include "worker/sandbox/local/cgroup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "worker/sandbox/local/cgroup_file.h"

/* Inside each group, besides the job's own processes: bubblewrap and its init. */
#define PIDS_OF_OURS 2

const char *cgroup_kind_name(enum cgroup_kind kind)
{
    static const char *const names[] = {
        [CGROUP_NONE] = "none", [CGROUP_V1] = "v1", [CGROUP_V2] = "v2"};
    return names[kind];
}

/* The folders that a group consists of; v2 has one. */
static size_t folders_of(const struct cgroup_base *base, const char *ret_folders[3])
{
    size_t count = 0;
    if (base->kind == CGROUP_NONE)
        return 0;
    ret_folders[count++] = base->memory;
    if (base->kind == CGROUP_V2)
        return count;
    ret_folders[count++] = base->pids;
    if (base->cpu[0])
        ret_folders[count++] = base->cpu;
    return count;
}

bool cgroup_make(const struct cgroup_base *base, const char *name)
{
    const char *folders[3];
    size_t count = folders_of(base, folders);
    for (size_t i = 0; i < count; i++) {
        char path[CGROUP_FILE_PATH];
        snprintf(path, sizeof path, "%s/%s", folders[i], name);
        /* Another worker's cleaning may have removed our folder while it was empty. */
        if (mkdir(path, 0755) < 0 && errno == ENOENT && mkdir(folders[i], 0755) == 0)
            errno = mkdir(path, 0755) < 0 ? errno : 0;
        if (!cgroup_file_exists(folders[i], name, "cgroup.procs"))
            return false;
    }
    return true;
}

bool cgroup_limit(const struct cgroup_base *base, const char *name,
                  const struct launcher_limits *limits)
{
    int64_t pids = limits->pids + PIDS_OF_OURS;
    int64_t memory = limits->memory_bytes;
    const char *folder = base->memory;
    if (base->kind == CGROUP_NONE)
        return true;
    if (!cgroup_file_write_number(base->pids, name, "pids.max", pids))
        return false;
    if (base->kind == CGROUP_V2) {
        /* No swap, and one process over the limit ends all of them: a run that
         * lost a child to the limit must not go on with half an answer. */
        cgroup_file_write(folder, name, "memory.swap.max", "0");
        cgroup_file_write(folder, name, "memory.oom.group", "1");
        return cgroup_file_write_number(folder, name, "memory.max", memory);
    }
    cgroup_file_write(folder, name, "memory.swappiness", "0");
    /* memsw may never be below memory: raise it out of the way first. */
    cgroup_file_write(folder, name, "memory.memsw.limit_in_bytes", "-1");
    if (!cgroup_file_write_number(folder, name, "memory.limit_in_bytes", memory))
        return false;
    return !cgroup_file_exists(folder, name, "memory.memsw.limit_in_bytes") ||
           cgroup_file_write_number(folder, name, "memory.memsw.limit_in_bytes", memory);
}

bool cgroup_enter(const struct cgroup_base *base, const char *name)
{
    const char *folders[3];
    size_t count = folders_of(base, folders);
    for (size_t i = 0; i < count; i++)
        if (!cgroup_file_write(folders[i], name, "cgroup.procs", "0"))
            return false;
    return true;
}

void cgroup_kill(const struct cgroup_base *base, const char *name)
{
    if (base->kind == CGROUP_NONE)
        return;
    if (base->kind == CGROUP_V2 && cgroup_file_write(base->memory, name, "cgroup.kill", "1"))
        return;
    char text[16384];
    cgroup_file_read(base->memory, name, "cgroup.procs", text, sizeof text);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        long pid = strtol(line, NULL, 10);
        if (pid > 1)
            kill((pid_t)pid, SIGKILL);
    }
}

bool cgroup_remove(const struct cgroup_base *base, const char *name)
{
    const char *folders[3];
    size_t count = folders_of(base, folders);
    bool gone = true;
    for (size_t i = 0; i < count; i++) {
        char path[CGROUP_FILE_PATH];
        snprintf(path, sizeof path, "%s/%s", folders[i], name);
        if (rmdir(path) < 0 && errno != ENOENT)
            gone = false;
    }
    return gone;
}

int64_t cgroup_memory_kills(const struct cgroup_base *base, const char *name)
{
    if (base->kind == CGROUP_NONE)
        return 0;
    const char *file = base->kind == CGROUP_V2 ? "memory.events" : "memory.oom_control";
    return cgroup_file_number(base->memory, name, file, "oom_kill");
}

static void measure_v2(const char *folder, const char *name, struct launcher_report *ret_report)
{
    ret_report->cpu_us = cgroup_file_number(folder, name, "cpu.stat", "usage_usec");
    ret_report->memory_peak_bytes = cgroup_file_number(folder, name, "memory.peak", "");
    ret_report->pids_refused = cgroup_file_number(folder, name, "pids.events", "max");
}

static void measure_v1(const struct cgroup_base *base, const char *name,
                       struct launcher_report *ret_report)
{
    const char *memory = base->memory;
    if (base->cpu[0])
        ret_report->cpu_us = cgroup_file_number(base->cpu, name, "cpuacct.usage", "") / 1000;
    ret_report->memory_peak_bytes =
        cgroup_file_number(memory, name, "memory.max_usage_in_bytes", "");
    ret_report->pids_refused = cgroup_file_number(base->pids, name, "pids.events", "max");
}

void cgroup_measure(const struct cgroup_base *base, const char *name,
                    struct launcher_report *ret_report)
{
    ret_report->memory_kills = cgroup_memory_kills(base, name);
    if (base->kind == CGROUP_V2)
        measure_v2(base->memory, name, ret_report);
    if (base->kind == CGROUP_V1)
        measure_v1(base, name, ret_report);
}
