#include "worker/sandbox/local/launcher_loop.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "worker/sandbox/local/cgroup_file.h"
#include "worker/sandbox/local/filter.h"
#include "worker/sandbox/programs.h"
#include "worker/sandbox/local/slot.h"
#include "worker/sandbox/local/watch.h"

#define TICK_MS 50     /* between two looks at the memory of a sandbox */
#define BURY_MS 2      /* between two looks at a dying sandbox */
#define LEAVE_MS 10000 /* the most that the end may take */

struct loop {
    struct slot_host host;
    struct slot *slots;
    size_t slot_count;
    struct pollfd *polls; /* main socket, signals, then one for each slot */
    int socket;
    bool leaving;
};

static struct slot *slot_in(struct loop *loop, enum slot_state state)
{
    for (size_t i = 0; i < loop->slot_count; i++)
        if (loop->slots[i].state == state)
            return &loop->slots[i];
    return NULL;
}

/* The descriptors of a message. All are closed when they are not as many as they must be. */
static bool take_fds(struct msghdr *message, int ret_fds[LAUNCHER_FDS])
{
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (!head || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
        return false;
    size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    int fds[LAUNCHER_FDS];
    memcpy(fds, CMSG_DATA(head), count * sizeof(int));
    if (count == LAUNCHER_FDS) {
        memcpy(ret_fds, fds, sizeof fds);
        return true;
    }
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    return false;
}

static void take_request(struct loop *loop, int socket)
{
    struct launcher_request request;
    struct iovec part = {&request, sizeof request};
    union {
        char space[CMSG_SPACE(LAUNCHER_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.space,
                             .msg_controllen = sizeof control.space};
    ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    int fds[LAUNCHER_FDS];
    bool with_fds = got > 0 && take_fds(&message, fds);
    if (got <= 0) {
        loop->leaving = true;
        return;
    }
    if (!with_fds)
        return;
    struct slot *slot = slot_in(loop, SLOT_FREE);
    if (slot && got == (ssize_t)sizeof request) {
        slot_start(&loop->host, slot, &request, fds);
        return;
    }
    slot_refuse(fds[0], "too many sandboxes are alive");
    for (int i = 1; i < LAUNCHER_FDS; i++)
        close(fds[i]);
}

static struct slot *slot_of(struct loop *loop, pid_t pid)
{
    for (size_t i = 0; i < loop->slot_count; i++)
        if (loop->slots[i].state != SLOT_FREE && loop->slots[i].pid == pid)
            return &loop->slots[i];
    return NULL;
}

static void reap(struct loop *loop)
{
    int status;
    struct rusage usage;
    for (pid_t pid; (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;) {
        struct slot *slot = slot_of(loop, pid);
        if (slot)
            slot_reaped(&loop->host, slot, status, &usage);
    }
}

static void take_signals(struct loop *loop, int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGUSR1) /* the worker is dead */
            loop->leaving = true;
    reap(loop);
}

/* What bubblewrap may leave to us, its subreaper, when it is killed early. */
static void kill_strays(struct loop *loop)
{
    pid_t children[WATCH_CHILDREN];
    size_t count = watch_children(loop->host.launcher, children);
    for (size_t i = 0; i < count; i++)
        if (!slot_of(loop, children[i]))
            kill(children[i], SIGKILL);
}

/* Deadlines, memory, burials. Gives the time until the next look, -1 for none. */
static int tend(struct loop *loop)
{
    int64_t now = clock_monotonic_ms(), wait = INT64_MAX;
    bool dying = false;
    for (size_t i = 0; i < loop->slot_count; i++) {
        struct slot *slot = &loop->slots[i];
        slot_watch(&loop->host, slot);
        slot_watch_cpu(&loop->host, slot, now);
        if (slot->state == SLOT_RUNNING && now >= slot->deadline_ms)
            slot_kill(&loop->host, slot, CAUSE_KEEP_ALIVE);
        dying |= slot->state == SLOT_DYING;
        slot_bury(&loop->host, slot);
        int64_t due = slot->deadline_ms < slot->cpu_look_ms ? slot->deadline_ms : slot->cpu_look_ms;
        if (slot->state == SLOT_RUNNING && due - now < wait)
            wait = due - now;
        if (slot_is_watched(&loop->host, slot))
            wait = wait < TICK_MS ? wait : TICK_MS;
    }
    if (dying) {
        kill_strays(loop);
        wait = wait < BURY_MS ? wait : BURY_MS;
    }
    return wait == INT64_MAX ? -1 : (int)(wait < 60000 ? wait : 60000);
}

static void turn(struct loop *loop)
{
    int wait = tend(loop);
    for (size_t i = 0; i < loop->slot_count; i++) {
        const struct slot *slot = &loop->slots[i];
        loop->polls[2 + i] = (struct pollfd){.fd = slot->state == SLOT_RUNNING ? slot->control : -1,
                                             .events = POLLIN};
    }
    /* A request waits for a slot that will be free in a moment. */
    bool full = !slot_in(loop, SLOT_FREE) && slot_in(loop, SLOT_DYING);
    loop->polls[0].fd = loop->leaving || full ? -1 : loop->socket;
    if (poll(loop->polls, 2 + loop->slot_count, wait) < 0)
        return;
    if (loop->polls[1].revents)
        take_signals(loop, loop->polls[1].fd);
    for (size_t i = 0; i < loop->slot_count; i++)
        if (loop->polls[2 + i].revents && loop->slots[i].state == SLOT_RUNNING)
            slot_order(&loop->host, &loop->slots[i]);
    if (loop->polls[0].revents && loop->polls[0].fd >= 0)
        take_request(loop, loop->socket);
}

static bool any_left(struct loop *loop)
{
    return slot_in(loop, SLOT_RUNNING) || slot_in(loop, SLOT_DYING);
}

static _Noreturn void leave(struct loop *loop)
{
    for (size_t i = 0; i < loop->slot_count; i++)
        slot_kill(&loop->host, &loop->slots[i], CAUSE_ORDER);
    for (int64_t end = clock_monotonic_ms() + LEAVE_MS;
         any_left(loop) && clock_monotonic_ms() < end;)
        turn(loop);
    cgroup_base_close(&loop->host.cgroup);
    _exit(any_left(loop) ? 1 : 0);
}

/* Terminal signals and a service manager's SIGTERM go to everybody at once; the
 * worker drains then, and its sandboxes must live until it has. */
static int signals_open(int parent)
{
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGUSR1);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    if (getppid() != parent)
        _exit(0);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Without this capability a lower priority could not be taken back: then none is given. */
static bool may_renice(void)
{
    char text[4096];
    unsigned long long effective = 0;
    cgroup_file_read("/proc/self", "", "status", text, sizeof text);
    const char *line = strstr(text, "\nCapEff:");
    return line && sscanf(line, "\nCapEff: %llx", &effective) == 1 &&
           (effective >> CAP_SYS_NICE & 1);
}

/* One descriptor for each sandbox: as many as we are allowed. */
static void raise_descriptors(void)
{
    struct rlimit limits;
    if (getrlimit(RLIMIT_NOFILE, &limits) == 0) {
        limits.rlim_cur = limits.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limits);
    }
}

static bool parts_open(int ret_fds[BUBBLEWRAP_PARTS])
{
    for (int i = 0; i < BUBBLEWRAP_PARTS; i++) {
        struct bytes part = program_part(i);
        ret_fds[i] = memfd_create("part", MFD_CLOEXEC);
        if (ret_fds[i] < 0 || write(ret_fds[i], part.data, part.len) != (ssize_t)part.len)
            return false;
    }
    return true;
}

static int64_t processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? count : 1;
}

_Noreturn void launcher_loop(const struct launcher_options *options, int socket, int parent)
{
    struct loop loop = {.host = {.options = *options,
                                 .launcher = getpid(),
                                 .root = geteuid() == 0,
                                 .processors = processors()},
                        .slot_count = (size_t)options->sandbox_max};
    struct launcher_hello hello = {.ready = true};
    struct error err = {0};
    prctl(PR_SET_NAME, "cs-launcher");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    raise_descriptors();
    loop.host.can_nice = loop.host.root && may_renice();
    int signals = signals_open(parent);
    loop.slots = memory_new(loop.slot_count, sizeof *loop.slots);
    loop.polls = memory_new(loop.slot_count + 2, sizeof *loop.polls);
    for (size_t i = 0; i < loop.slot_count; i++)
        loop.slots[i] = (struct slot){
            .control = -1, .uid = loop.host.root ? (uint32_t)(options->slot_uid + i) : 0};
    if (signals < 0 || !filter_compile(&loop.host.filter_fd, &err) ||
        !parts_open(loop.host.part_fds)) {
        hello.ready = false;
        snprintf(hello.text, sizeof hello.text, "%.150s", err.text);
    }
    cgroup_base_open(options->cgroup_root, &loop.host.cgroup);
    snprintf(hello.cgroup, sizeof hello.cgroup, "%s", cgroup_kind_name(loop.host.cgroup.kind));
    loop.socket = socket;
    loop.polls[0].events = POLLIN;
    loop.polls[1] = (struct pollfd){.fd = signals, .events = POLLIN};
    if (send(socket, &hello, sizeof hello, MSG_NOSIGNAL) != (ssize_t)sizeof hello || !hello.ready)
        loop.leaving = true;
    while (!loop.leaving)
        turn(&loop);
    leave(&loop);
}
