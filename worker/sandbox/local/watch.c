#include "worker/sandbox/local/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/sandbox/local/cgroup_file.h"

#define DEPTH_LIMIT 24

size_t watch_children(pid_t pid, pid_t ret_children[WATCH_CHILDREN])
{
    char folder[64], text[8192];
    snprintf(folder, sizeof folder, "/proc/%d/task/%d", (int)pid, (int)pid);
    cgroup_file_read(folder, "", "children", text, sizeof text);
    size_t count = 0;
    for (char *at = text, *end; count < WATCH_CHILDREN; at = end) {
        long child = strtol(at, &end, 10);
        if (end == at)
            break;
        ret_children[count++] = (pid_t)child;
    }
    return count;
}

/* Kilobytes behind a word such as "Pss:". */
static int64_t kilobytes(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    return at ? strtoll(at + strlen(word), NULL, 10) : 0;
}

static int64_t memory_of(pid_t pid)
{
    char folder[64], text[4096];
    snprintf(folder, sizeof folder, "/proc/%d", (int)pid);
    cgroup_file_read(folder, "", "smaps_rollup", text, sizeof text);
    if (text[0])
        return 1024 * kilobytes(text, "\nPss:");
    cgroup_file_read(folder, "", "status", text, sizeof text);
    return 1024 * kilobytes(text, "\nVmRSS:");
}

static int64_t cpu_us_of(pid_t pid)
{
    char folder[64], text[1024];
    snprintf(folder, sizeof folder, "/proc/%d", (int)pid);
    cgroup_file_read(folder, "", "stat", text, sizeof text);
    /* Its name may hold anything, so count from the bracket behind it. */
    const char *rest = strrchr(text, ')');
    long long own, own_system, ended, ended_system;
    if (!rest ||
        sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld", &own,
               &own_system, &ended, &ended_system) != 4)
        return 0;
    return (own + own_system + ended + ended_system) * 1000000 / sysconf(_SC_CLK_TCK);
}

static int64_t sum_below(pid_t pid, int64_t (*figure)(pid_t), int depth)
{
    pid_t children[WATCH_CHILDREN];
    size_t count = depth < DEPTH_LIMIT ? watch_children(pid, children) : 0;
    int64_t sum = figure(pid);
    for (size_t i = 0; i < count; i++)
        sum += sum_below(children[i], figure, depth + 1);
    return sum;
}

int64_t watch_memory(pid_t pid)
{
    return sum_below(pid, memory_of, 0);
}

int64_t watch_cpu_us(pid_t pid)
{
    return sum_below(pid, cpu_us_of, 0);
}

int64_t watch_inner_uid(pid_t bubblewrap)
{
    pid_t children[WATCH_CHILDREN];
    if (watch_children(bubblewrap, children) == 0)
        return -1;
    char folder[64], text[4096];
    snprintf(folder, sizeof folder, "/proc/%d", (int)children[0]);
    cgroup_file_read(folder, "", "status", text, sizeof text);
    const char *line = strstr(text, "\nUid:");
    long long real, effective, saved;
    if (!line || sscanf(line + 5, "%lld %lld %lld", &real, &effective, &saved) != 3)
        return -1;
    return real == 0 || effective == 0 || saved == 0 ? 0 : real;
}
