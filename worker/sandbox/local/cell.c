#include "worker/sandbox/local/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"

#define INPUT_BUFFER (1 << 20)

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void cell_close(struct cell *cell)
{
    int *const fds[] = {&cell->input, &cell->output, &cell->errors, &cell->results, &cell->control};
    for (size_t i = 0; i < COUNT_OF(fds); i++)
        close_one(fds[i]);
}

/* A pipe out of the sandbox: ours does not block, the other end is the sandbox's. */
static bool open_pipe(int *ret_ours, int *ret_theirs)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    *ret_ours = ends[0];
    *ret_theirs = ends[1];
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

static bool open_pair(int type, int *ret_ours, int *ret_theirs)
{
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    *ret_ours = ends[0];
    *ret_theirs = ends[1];
    return true;
}

bool cell_start(struct launcher *launcher, const struct launcher_request *request,
                struct cell *ret_cell, struct error *err)
{
    struct cell cell = CELL_NONE;
    int theirs[LAUNCHER_FDS] = {-1, -1, -1, -1, -1};
    int size = INPUT_BUFFER;
    bool open = open_pair(SOCK_SEQPACKET, &cell.control, &theirs[0]) &&
                open_pair(SOCK_STREAM, &cell.input, &theirs[1]) &&
                open_pipe(&cell.output, &theirs[2]) && open_pipe(&cell.errors, &theirs[3]) &&
                open_pipe(&cell.results, &theirs[4]);
    if (open) {
        setsockopt(cell.input, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        open = launcher_send(launcher, request, theirs, err);
    } else {
        fail(err, ERR_UNAVAILABLE, "descriptors of a sandbox: %s", strerror(errno));
    }
    for (size_t i = 0; i < LAUNCHER_FDS; i++)
        close_one(&theirs[i]);
    if (!open) {
        cell_close(&cell);
        return false;
    }
    *ret_cell = cell;
    return true;
}

static bool order(const struct cell *cell, const struct launcher_order *message)
{
    return send(cell->control, message, sizeof *message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
           (ssize_t)sizeof *message;
}

void cell_keep_alive(const struct cell *cell, int64_t deadline_ms)
{
    order(cell, &(struct launcher_order){.kind = ORDER_KEEP_ALIVE, .deadline_ms = deadline_ms});
}

void cell_kill(const struct cell *cell)
{
    order(cell, &(struct launcher_order){.kind = ORDER_KILL});
}

bool cell_arm(const struct cell *cell, const struct launcher_limits *limits)
{
    return order(cell, &(struct launcher_order){.kind = ORDER_ARM, .limits = *limits});
}

bool cell_report(const struct cell *cell, int wait_ms, struct launcher_report *ret_report)
{
    struct pollfd ready = {.fd = cell->control, .events = POLLIN};
    int64_t end = clock_monotonic_ms() + wait_ms;
    for (;;) {
        int64_t left = end - clock_monotonic_ms();
        int found = poll(&ready, 1, left > 0 ? (int)left : 0);
        if (found < 0 && errno == EINTR)
            continue;
        if (found <= 0)
            return false;
        ssize_t got = recv(cell->control, ret_report, sizeof *ret_report, MSG_DONTWAIT);
        /* An order that the launcher did not read any more: its last report is behind that. */
        if (got < 0 && errno == ECONNRESET)
            got = recv(cell->control, ret_report, sizeof *ret_report, MSG_DONTWAIT);
        return got == (ssize_t)sizeof *ret_report;
    }
}

bool cell_await(const struct cell *cell, enum launcher_report_kind kind, int wait_ms,
                struct launcher_report *ret_report)
{
    int64_t end = clock_monotonic_ms() + wait_ms;
    for (;;) {
        int64_t left = end - clock_monotonic_ms();
        if (!cell_report(cell, left > 0 ? (int)left : 0, ret_report))
            return false;
        if (ret_report->kind == kind)
            return true;
    }
}

int64_t cell_deadline(int64_t lease_ms)
{
    int64_t margin = lease_ms / 10 < 1000 ? lease_ms / 10 : 1000;
    return clock_monotonic_ms() + lease_ms - margin;
}
