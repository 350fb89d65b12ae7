#include "admin/stack/supervisor.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/folders.h"
#include "admin/stack/strays.h"
#include "common/base/clock.h"

#define CHILDREN_MAX 32
#define PUMP_MS 20         /* between two looks at a condition */
#define AGAIN_FIRST_MS 200 /* pause before a crashed child starts again; doubles */
#define AGAIN_MOST_MS 5000
#define STEADY_MS 30000 /* a child that ran this long has no crashes in a row */
#define LINES_SHOWN 12

struct supervisor {
    struct child children[CHILDREN_MAX];
    size_t count;
    char *log_folder;
    int signal_fd;
    int stop_signal; /* that was received; 0 none */
    int stop_count;
    bool stop_requested;
    bool stopping;
    supervisor_event_fn *each;
    void *each_context;
    int input_fd;
    supervisor_input_fn *input;
    void *input_context;
};

bool supervisor_new(const char *log_folder, struct supervisor **ret_supervisor, struct error *err)
{
    sigset_t signals;
    sigemptyset(&signals);
    const int numbers[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        sigaddset(&signals, numbers[i]);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        return fail(err, ERR_INTERNAL, "can not take over signals: %s", strerror(errno));
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return fail(err, ERR_INTERNAL, "signalfd: %s", strerror(errno));
    struct supervisor *supervisor = memory_new(1, sizeof *supervisor);
    supervisor->log_folder = memory_text(log_folder);
    supervisor->signal_fd = fd;
    supervisor->input_fd = -1;
    *ret_supervisor = supervisor;
    return true;
}

void supervisor_free(struct supervisor *supervisor)
{
    if (!supervisor)
        return;
    for (size_t i = 0; i < supervisor->count; i++) {
        struct child *child = &supervisor->children[i];
        free(child->program);
        for (size_t k = 0; child->words[k]; k++)
            free(child->words[k]);
        free(child->words);
        environment_auto(&child->environment);
    }
    close(supervisor->signal_fd);
    free(supervisor->log_folder);
    free(supervisor);
}

void supervisor_listen(struct supervisor *supervisor, supervisor_event_fn *each, void *context)
{
    supervisor->each = each;
    supervisor->each_context = context;
}

void supervisor_watch(struct supervisor *supervisor, int fd, supervisor_input_fn *ready,
                      void *context)
{
    supervisor->input_fd = fd;
    supervisor->input = ready;
    supervisor->input_context = context;
}

struct child *supervisor_add(struct supervisor *supervisor, const struct child *child)
{
    assert(supervisor->count < CHILDREN_MAX);
    supervisor->children[supervisor->count] = *child;
    return &supervisor->children[supervisor->count++];
}

struct child *supervisor_find(struct supervisor *supervisor, const char *name)
{
    for (size_t i = 0; i < supervisor->count; i++)
        if (strcmp(supervisor->children[i].name, name) == 0)
            return &supervisor->children[i];
    return NULL;
}

void supervisor_each(const struct supervisor *supervisor, supervisor_child_fn *each, void *context)
{
    for (size_t i = 0; i < supervisor->count; i++)
        each(context, &supervisor->children[i]);
}

static void tell(struct supervisor *supervisor, const struct child *child, const char *event)
{
    if (supervisor->each)
        supervisor->each(supervisor->each_context, child, event);
}

static char *log_path(const struct supervisor *supervisor, const struct child *child)
{
    struct buffer path = {0};
    buffer_printf(&path, "%s/%s.log", supervisor->log_folder, child->name);
    return path.data;
}

static bool open_log(struct supervisor *supervisor, struct child *child, int *ret_fd,
                     struct error *err)
{
    *ret_fd = -1;
    if (child->terminal)
        return true;
    AUTO(text) char *path = log_path(supervisor, child);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0)
        return fail(err, ERR_INTERNAL, "can not write %s: %s", path, strerror(errno));
    child->log_start = info.st_size;
    *ret_fd = fd;
    return true;
}

bool supervisor_start(struct supervisor *supervisor, struct child *child, struct error *err)
{
    if (child->pid)
        return fail(err, ERR_CONFLICT, "%s runs already", child->name);
    int log_fd;
    if (!open_log(supervisor, child, &log_fd, err))
        return false;
    const struct process process = {.program = child->program,
                                    .words = child->words,
                                    .environment = child->environment.list,
                                    .account = child->account,
                                    .death_signal = child->death_signal,
                                    .output_fd = log_fd};
    bool good = process_start(&process, &child->pid, err);
    if (log_fd >= 0)
        close(log_fd);
    if (!good)
        return false;
    child->ended = false;
    child->stopping = false;
    child->again_ms = 0;
    child->started_ms = clock_monotonic_ms();
    tell(supervisor, child, "started");
    return true;
}

static void note_end(struct supervisor *supervisor, struct child *child, int status)
{
    int64_t now = clock_monotonic_ms();
    child->pid = 0;
    child->status = status;
    child->ended = true;
    tell(supervisor, child, "ended");
    if (!child->restarts || child->stopping || supervisor->stopping)
        return;
    child->crashes = now - child->started_ms >= STEADY_MS ? 0 : child->crashes + 1;
    int64_t pause = AGAIN_FIRST_MS;
    for (int i = 1; i < child->crashes && pause < AGAIN_MOST_MS; i++)
        pause *= 2;
    child->again_ms = now + (pause < AGAIN_MOST_MS ? pause : AGAIN_MOST_MS);
    tell(supervisor, child, "restarting");
}

static void reap(struct supervisor *supervisor)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < supervisor->count; i++)
            if (supervisor->children[i].pid == pid)
                note_end(supervisor, &supervisor->children[i], status);
}

static void take_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo info;
    while (read(supervisor->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            continue;
        supervisor->stop_signal = (int)info.ssi_signo;
        supervisor->stop_count++;
        supervisor->stop_requested = true;
    }
    reap(supervisor);
}

static void start_due(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->count && !supervisor->stopping; i++) {
        struct child *child = &supervisor->children[i];
        struct error err;
        if (!child->again_ms || child->again_ms > clock_monotonic_ms())
            continue;
        if (!supervisor_start(supervisor, child, &err))
            child->again_ms = clock_monotonic_ms() + AGAIN_MOST_MS;
    }
}

static void pump(struct supervisor *supervisor, int timeout_ms)
{
    struct pollfd fds[] = {{supervisor->signal_fd, POLLIN, 0}, {supervisor->input_fd, POLLIN, 0}};
    (void)poll(fds, COUNT_OF(fds), timeout_ms);
    take_signals(supervisor);
    if (fds[1].revents && !supervisor->stopping)
        supervisor->input(supervisor->input_context, supervisor->input_fd);
    start_due(supervisor);
}

/* The last lines that this start of the child wrote; caller frees. */
static char *last_lines(const struct supervisor *supervisor, const struct child *child)
{
    AUTO(text) char *path = log_path(supervisor, child);
    AUTO(buffer) struct buffer text = {0};
    FILE *file = fopen(path, "re");
    char part[1024];
    size_t got = 0;
    if (file && fseeko(file, child->log_start, SEEK_SET) == 0)
        while ((got = fread(part, 1, sizeof part, file)) > 0)
            buffer_add(&text, part, got);
    if (file)
        fclose(file);
    buffer_add(&text, "", 0);
    const char *from = text.data + text.len;
    for (int lines = 0; from > text.data; from--)
        if (from[-1] == '\n' && ++lines > LINES_SHOWN)
            break;
    return memory_text(from);
}

bool supervisor_wait(struct supervisor *supervisor, struct child *child, supervisor_done_fn *done,
                     void *context, struct error *err)
{
    for (;;) {
        if (supervisor->stop_requested)
            return fail(err, ERR_UNAVAILABLE, "stopped while starting");
        if (done(context))
            return true;
        if (child && child->ended) {
            AUTO(text) char *lines = last_lines(supervisor, child);
            fprintf(stderr, "%s", lines);
            return fail(err, ERR_INTERNAL, "%s did not start; its log is %s/%s.log", child->name,
                        supervisor->log_folder, child->name);
        }
        pump(supervisor, PUMP_MS);
    }
}

void supervisor_run(struct supervisor *supervisor, const struct child *child)
{
    while (!supervisor->stop_requested && !(child && child->ended)) {
        bool due = false;
        for (size_t i = 0; i < supervisor->count; i++)
            due = due || supervisor->children[i].again_ms;
        pump(supervisor, due ? PUMP_MS : -1);
    }
}

void supervisor_request_stop(struct supervisor *supervisor)
{
    supervisor->stop_requested = true;
}

int supervisor_signal(const struct supervisor *supervisor)
{
    return supervisor->stop_signal;
}

/* Waits for everything of the rank (or the one child); kills what does not end
 * in time, or at once when people press Ctrl-C again. */
static void await_end(struct supervisor *supervisor, enum child_rank rank, struct child *only)
{
    int impatience = supervisor->stop_count;
    int64_t begin = clock_monotonic_ms();
    for (bool left = true; left;) {
        left = false;
        for (size_t i = 0; i < supervisor->count; i++) {
            struct child *child = &supervisor->children[i];
            if (!child->pid || child->rank != rank || (only && only != child))
                continue;
            left = true;
            if (supervisor->stop_count > impatience ||
                clock_monotonic_ms() - begin > child->stop_ms)
                kill(child->pid, rank == RANK_DATABASE ? SIGQUIT : SIGKILL);
        }
        if (left)
            pump(supervisor, PUMP_MS);
    }
}

static void ask_to_end(struct child *child)
{
    child->stopping = true;
    child->again_ms = 0;
    if (child->pid) {
        kill(child->pid, child->stop_signal);
        kill(child->pid, SIGCONT); /* a test may have stopped it */
    }
}

void supervisor_stop_child(struct supervisor *supervisor, struct child *child)
{
    ask_to_end(child);
    await_end(supervisor, child->rank, child);
}

void supervisor_stop(struct supervisor *supervisor)
{
    supervisor->stopping = true;
    for (int rank = RANK_COMMAND; rank >= RANK_DATABASE; rank--) {
        for (size_t i = 0; i < supervisor->count; i++)
            if (supervisor->children[i].rank == (enum child_rank)rank)
                ask_to_end(&supervisor->children[i]);
        await_end(supervisor, (enum child_rank)rank, NULL);
    }
    strays_kill();
}
