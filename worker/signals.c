#include "worker/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/bytes.h"

struct signals {
    int fd;
};

bool signals_open(struct signals **ret_signals, struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return fail(err, ERR_INTERNAL, "signalfd: %s", strerror(errno));
    *ret_signals = memory_new(1, sizeof **ret_signals);
    (*ret_signals)->fd = fd;
    return true;
}

void signals_close(struct signals *signals)
{
    if (!signals)
        return;
    close(signals->fd);
    free(signals);
}

bool signals_wait(struct signals *signals, int64_t wait_ms)
{
    struct pollfd ready = {.fd = signals->fd, .events = POLLIN};
    struct signalfd_siginfo info;
    if (poll(&ready, 1, (int)wait_ms) <= 0)
        return false;
    return read(signals->fd, &info, sizeof info) == (ssize_t)sizeof info;
}
