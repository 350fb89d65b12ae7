#include "worker/sandbox/local/slot.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "worker/sandbox/local/bubblewrap.h"
#include "worker/sandbox/local/watch.h"

#define WARM_NICE 10
#define CPU_LOOK_MS 20

static void report(struct slot *slot, const struct launcher_report *message)
{
    if (slot->control >= 0)
        send(slot->control, message, sizeof *message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void close_control(struct slot *slot)
{
    if (slot->control >= 0)
        close(slot->control);
    slot->control = -1;
}

/* The last word to the worker, with the figures as they are now. */
static void report_end(struct slot_host *host, struct slot *slot, enum launcher_cause cause,
                       const char *text)
{
    struct launcher_report message = {.kind = REPORT_ENDED,
                                      .cause = cause,
                                      .host_uid = -1,
                                      .wait_status = slot->wait_status,
                                      .cpu_us = slot->cpu_us,
                                      .memory_peak_bytes = slot->peak_bytes};
    cgroup_measure(&host->cgroup, slot->group, &message);
    if (message.cpu_us >= slot->warm_cpu_us)
        message.cpu_us -= slot->warm_cpu_us;
    snprintf(message.text, sizeof message.text, "%s", text);
    report(slot, &message);
    close_control(slot);
}

/* No measure is whole: /proc has nothing of what has ended, and bubblewrap's own figure nothing of
 * what it did not wait for. */
static void note_cpu(struct slot *slot, int64_t cpu_us)
{
    if (cpu_us > slot->cpu_us)
        slot->cpu_us = cpu_us;
}

/* What /proc knows, where no cgroup knows better. */
static void measure_processes(const struct slot_host *host, struct slot *slot)
{
    if (!host->cgroup.cpu[0] && slot->pid > 0)
        note_cpu(slot, watch_cpu_us(slot->pid));
}

/* Of the warming, too. */
static int64_t measure_cpu_us(const struct slot_host *host, struct slot *slot)
{
    measure_processes(host, slot);
    struct launcher_report message = {.cpu_us = slot->cpu_us};
    cgroup_measure(&host->cgroup, slot->group, &message);
    return message.cpu_us;
}

/* Not before all processors together could have spent what is left: most runs are never looked
 * at. */
static void plan_cpu_look(const struct slot_host *host, struct slot *slot, int64_t spent_us,
                          int64_t now_ms)
{
    int64_t left_ms = slot->limits.cpu_ms - spent_us / 1000;
    int64_t wait_ms = left_ms / host->processors;
    slot->cpu_look_ms = slot->limits.cpu_ms == 0
                            ? INT64_MAX
                            : now_ms + (wait_ms > CPU_LOOK_MS ? wait_ms : CPU_LOOK_MS);
}

void slot_watch_cpu(struct slot_host *host, struct slot *slot, int64_t now_ms)
{
    if (slot->state != SLOT_RUNNING || now_ms < slot->cpu_look_ms)
        return;
    int64_t spent_us = measure_cpu_us(host, slot) - slot->warm_cpu_us;
    if (spent_us > 1000 * slot->limits.cpu_ms)
        slot_kill(host, slot, CAUSE_CPU);
    else
        plan_cpu_look(host, slot, spent_us, now_ms);
}

void slot_refuse(int control, const char *why)
{
    struct slot_host host = {0};
    struct slot slot = {.control = control};
    report_end(&host, &slot, CAUSE_NOT_STARTED, why);
}

/* A new open file of the same bytes, at their beginning: several sandboxes read at once. */
static int reopen(int fd)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Puts the descriptors in their places and closes every other one. */
static bool place_fds(const struct slot_host *host, const int fds[LAUNCHER_FDS])
{
    int sources[BUBBLEWRAP_FDS] = {fds[1], fds[2], fds[3], fds[4]};
    for (int i = 0; i < BUBBLEWRAP_PARTS; i++)
        sources[BUBBLEWRAP_FD_PARTS + i] = reopen(host->part_fds[i]);
    sources[BUBBLEWRAP_FD_FILTER] = reopen(host->filter_fd);
    int high[BUBBLEWRAP_FDS];
    for (int i = 0; i < BUBBLEWRAP_FDS; i++) {
        high[i] = sources[i] < 0 ? -1 : fcntl(sources[i], F_DUPFD_CLOEXEC, 64);
        if (high[i] < 0)
            return false;
    }
    for (int i = 0; i < BUBBLEWRAP_FDS; i++)
        if (dup2(high[i], i) < 0)
            return false;
    return close_range(BUBBLEWRAP_FDS, ~0U, 0) == 0;
}

static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. What fails is told on what will be the job's stderr. */
static _Noreturn void run_child(const struct slot_host *host, const struct slot *slot,
                                const struct launcher_request *request, const int fds[LAUNCHER_FDS])
{
    int64_t approved = request->limits.tmp_bytes;
    struct bubblewrap_options options = {.python = host->options.python,
                                         .tmp_bytes = approved ? approved : host->options.tmp_bytes,
                                         .warm = request->warm};
    struct bubblewrap_list list;
    bubblewrap_list(&options, &list);
    reset_signals();
    const char *wrong = "its cgroup can not be entered";
    if (cgroup_enter(&host->cgroup, slot->group)) {
        if (request->warm && host->can_nice)
            setpriority(PRIO_PROCESS, 0, WARM_NICE);
        wrong = "its descriptors can not be put in place";
        if (place_fds(host, fds))
            wrong = bubblewrap_exec(&list, slot->uid, options.tmp_bytes, host->launcher);
    }
    dprintf(STDERR_FILENO, "countersign: the sandbox could not be started: %s\n", wrong);
    _exit(126);
}

void slot_start(struct slot_host *host, struct slot *slot, const struct launcher_request *request,
                const int fds[LAUNCHER_FDS])
{
    slot->control = fds[0];
    slot->deadline_ms = request->deadline_ms;
    slot->limits = request->limits;
    slot->armed = !request->warm;
    slot->wait_status = 0;
    slot->cpu_us = slot->warm_cpu_us = slot->peak_bytes = 0;
    plan_cpu_look(host, slot, 0, clock_monotonic_ms());
    snprintf(slot->group, sizeof slot->group, "sandbox-%" PRId64, ++host->serial);
    const char *wrong = NULL;
    slot->pid = 0;
    if (!cgroup_make(&host->cgroup, slot->group) ||
        !cgroup_limit(&host->cgroup, slot->group, &request->limits))
        wrong = "its cgroup can not be made";
    else if ((slot->pid = fork()) < 0)
        wrong = "fork failed";
    if (slot->pid == 0 && !wrong)
        run_child(host, slot, request, fds);
    for (int i = 1; i < LAUNCHER_FDS; i++)
        close(fds[i]);
    slot->state = wrong ? SLOT_DYING : SLOT_RUNNING;
    if (wrong) {
        slot->pid = 0;
        report_end(host, slot, CAUSE_NOT_STARTED, wrong);
    }
}

/* Before the code is sent: the job's limits hold, at normal priority, not as root. */
static void arm(struct slot_host *host, struct slot *slot, const struct launcher_order *order)
{
    struct launcher_report message = {.kind = REPORT_ARMED, .host_uid = watch_inner_uid(slot->pid)};
    slot->warm_cpu_us = measure_cpu_us(host, slot);
    slot->limits = order->limits;
    plan_cpu_look(host, slot, 0, clock_monotonic_ms());
    slot->armed = true;
    /* Signal 0 asks whether a signal could be sent: root without CAP_KILL can not. */
    message.armed =
        cgroup_limit(&host->cgroup, slot->group, &order->limits) && kill(slot->pid, 0) == 0;
    if (host->can_nice)
        setpriority(PRIO_USER, slot->uid, 0);
    report(slot, &message);
}

void slot_order(struct slot_host *host, struct slot *slot)
{
    struct launcher_order order;
    ssize_t got = recv(slot->control, &order, sizeof order, MSG_DONTWAIT);
    if (got != (ssize_t)sizeof order) {
        slot_kill(host, slot, CAUSE_ORDER);
        return;
    }
    switch (order.kind) {
    case ORDER_KEEP_ALIVE:
        slot->deadline_ms = order.deadline_ms;
        return;
    case ORDER_ARM:
        arm(host, slot, &order);
        return;
    case ORDER_KILL:
        break;
    }
    slot_kill(host, slot, CAUSE_ORDER);
}

void slot_kill(struct slot_host *host, struct slot *slot, enum launcher_cause cause)
{
    if (slot->state != SLOT_RUNNING)
        return;
    slot->state = SLOT_DYING;
    measure_processes(host, slot);
    /* The init inside dies with bubblewrap, and everything inside with its init. */
    if (slot->pid > 0)
        kill(slot->pid, SIGKILL);
    report_end(host, slot, cause, "");
    cgroup_kill(&host->cgroup, slot->group);
}

void slot_reaped(struct slot_host *host, struct slot *slot, int status, const struct rusage *usage)
{
    slot->pid = 0;
    slot->wait_status = status;
    note_cpu(slot, (int64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000 +
                       usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
    if (slot->state != SLOT_RUNNING)
        return;
    slot->state = SLOT_DYING;
    report_end(host, slot, CAUSE_EXIT, "");
}

bool slot_is_watched(const struct slot_host *host, const struct slot *slot)
{
    return slot->state == SLOT_RUNNING &&
           (host->cgroup.kind == CGROUP_NONE || (host->cgroup.kind == CGROUP_V1 && slot->armed));
}

void slot_watch(struct slot_host *host, struct slot *slot)
{
    if (!slot_is_watched(host, slot))
        return;
    if (host->cgroup.kind == CGROUP_V1) {
        if (cgroup_memory_kills(&host->cgroup, slot->group) > 0)
            slot_kill(host, slot, CAUSE_MEMORY);
        return;
    }
    measure_processes(host, slot);
    int64_t now = watch_memory(slot->pid);
    if (now > slot->peak_bytes)
        slot->peak_bytes = now;
    if (now > slot->limits.memory_bytes)
        slot_kill(host, slot, CAUSE_MEMORY);
}

/* bubblewrap killed before its init had asked to die with it leaves an init
 * behind, which is then our own child: every child that no slot knows is one. */
void slot_bury(struct slot_host *host, struct slot *slot)
{
    if (slot->state != SLOT_DYING)
        return;
    cgroup_kill(&host->cgroup, slot->group);
    if (slot->pid > 0)
        kill(slot->pid, SIGKILL);
    else if (cgroup_remove(&host->cgroup, slot->group))
        slot->state = SLOT_FREE;
}
