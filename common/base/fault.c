#include "common/base/fault.h"

#ifdef COUNTERSIGN_FAULTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void note_passed(const char *name)
{
    const char *path = getenv("COUNTERSIGN_FAULT_LOG");
    int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (fd < 0)
        return;
    char line[96];
    size_t len = strnlen(name, sizeof line - 1);
    memcpy(line, name, len);
    line[len] = '\n';
    if (write(fd, line, len + 1) < 0) {
        /* The log is for the test's eyes; the point itself still counts. */
    }
    close(fd);
}

static void act(const char *action)
{
    if (strncmp(action, "kill", 4) == 0)
        kill(getpid(), SIGKILL);
    else if (strncmp(action, "stop", 4) == 0)
        raise(SIGSTOP); /* of this thread: to the process, it may go on for a while */
    else if (strncmp(action, "hang", 4) == 0)
        for (;;)
            pause();
}

void fault_point(const char *name)
{
    static atomic_long passed;
    note_passed(name);
    const char *wanted = getenv("COUNTERSIGN_FAULT");
    size_t len = strlen(name);
    if (!wanted || strncmp(wanted, name, len) != 0 || wanted[len] != ':')
        return;
    const char *action = wanted + len + 1;
    const char *times = strchr(action, ':');
    long nth = times ? strtol(times + 1, NULL, 10) : 1;
    if (atomic_fetch_add(&passed, 1) + 1 == nth)
        act(action);
}

#else
typedef int fault_unused_fn;
#endif
