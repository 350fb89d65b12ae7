#include "common/base/fault.h"

#ifdef COUNTERSIGN_FAULTS

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"

#define ACTION_MAX 24

static struct {
    const char *name;
    atomic_long passed;       /* while COUNTERSIGN_FAULT means it */
    atomic_long passed_armed; /* while its file lies there */
} points[] = {
#define FAULT_POINT(number, point, process) {.name = point},
#include "common/base/fault_points.h"
#undef FAULT_POINT
};

static void note(const char *name, const char *action)
{
    const char *path = getenv("COUNTERSIGN_FAULT_LOG");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (fd < 0)
        return;
    char line[96];
    int len = snprintf(line, sizeof line, "%s%s%s\n", name, *action ? ":" : "", action);
    if (write(fd, line, (size_t)len) < 0) {
        /* The log is for the test's eyes; the point itself still counts. */
    }
    close(fd);
}

static void act(const char *name, const char *action)
{
    note(name, action);
    if (strncmp(action, "kill", 4) == 0)
        kill(getpid(), SIGKILL);
    else if (strncmp(action, "stop", 4) == 0)
        raise(SIGSTOP); /* of this thread: to the process, it may go on for a while */
    else if (strncmp(action, "hang", 4) == 0)
        for (;;)
            pause();
}

/* Is it this time that "action:N" means? */
static bool is_nth(const char *action, atomic_long *passed)
{
    const char *times = strchr(action, ':');
    long nth = times ? strtol(times + 1, NULL, 10) : 1;
    return atomic_fetch_add(passed, 1) + 1 == nth;
}

/* False when nothing is armed there. */
static bool read_armed(const char *path, char action[ACTION_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t len = read(fd, action, ACTION_MAX - 1);
    close(fd);
    action[len > 0 ? len : 0] = '\0';
    return len > 0;
}

/* Of several processes the one that takes the file away acts. */
static void act_armed(const char *name, atomic_long *passed)
{
    const char *folder = getenv("COUNTERSIGN_FAULT_ARMED");
    char path[PATH_MAX], action[ACTION_MAX];
    if (!folder || snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return;
    if (!read_armed(path, action))
        atomic_store(passed, 0);
    else if (is_nth(action, passed) && unlink(path) == 0)
        act(name, action);
}

void fault_point(const char *name)
{
    size_t i = 0;
    while (i < COUNT_OF(points) && strcmp(points[i].name, name) != 0)
        i++;
    assert(i < COUNT_OF(points));
    note(name, "");
    act_armed(name, &points[i].passed_armed);
    const char *wanted = getenv("COUNTERSIGN_FAULT");
    size_t len = strlen(name);
    if (!wanted || strncmp(wanted, name, len) != 0 || wanted[len] != ':')
        return;
    if (is_nth(wanted + len + 1, &points[i].passed))
        act(name, wanted + len + 1);
}

#else
typedef int fault_unused_fn;
#endif
