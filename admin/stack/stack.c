#include "admin/stack/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "admin/command.h"
#include "admin/stack/stack_run.h"
#include "admin/stack/stack_state.h"

#define WORKERS_MOST 8

static const char *data_option, *programs_option, *workers_option;
static bool no_api, no_worker, temporary, control;

static const struct option_entry run_entries[] = {
    {"--data", "DIR", "where everything is kept (DATA_DIR, else .data)", &data_option, NULL},
    {"--workers", "N", "how many workers (1)", &workers_option, NULL},
    {"--no-worker", NULL, "no worker", NULL, &no_worker},
    {"--no-api", NULL, "no api", NULL, &no_api},
    {"--bin", "DIR", "where countersign-api and -worker are (beside this program)",
     &programs_option, NULL},
    {"--temporary", NULL, "remove DIR at the end", NULL, &temporary},
    {"--control", NULL, "driven by lines on stdin, for tests", NULL, &control},
};
static const struct option_entry data_entries[] = {
    {"--data", "DIR", "where everything is kept (DATA_DIR, else .data)", &data_option, NULL},
};

static const char *data_folder(void)
{
    return data_option ? data_option : stack_state_folder();
}

/* The folder of the running program; caller frees. */
static char *own_folder(void)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len <= 0)
        return memory_text("/usr/bin");
    path[len] = '\0';
    *strrchr(path, '/') = '\0';
    return memory_text(path[0] ? path : "/");
}

static bool take_options(char **ret_programs, struct stack_options *ret_options, struct error *err)
{
    static const long bounds[2] = {0, WORKERS_MOST};
    long workers = 1;
    if (workers_option && !options_number("--workers", workers_option, bounds, &workers, err))
        return false;
    *ret_programs = programs_option ? stack_data_path(programs_option) : own_folder();
    *ret_options = (struct stack_options){.data = data_folder(),
                                          .programs = *ret_programs,
                                          .workers = no_worker ? 0 : workers,
                                          .api = !no_api,
                                          .temporary = temporary,
                                          .control = control};
    return true;
}

static bool run_stack(struct words *words, int *ret_status, struct error *err)
{
    struct stack_options options;
    AUTO(text) char *programs = NULL;
    return take_options(&programs, &options, err) &&
           stack_run(&options, words->list, -1, ret_status, err);
}

/* The stack of up: in the background, its messages in its own log. */
static _Noreturn void stay(const struct stack_options *options, int ready_fd)
{
    struct error err;
    int status = 1;
    setsid();
    if (!stack_run(options, NULL, ready_fd, &status, &err)) {
        fprintf(stderr, "countersign: %s\n", err.text);
        status = 1;
    }
    _exit(status);
}

static bool run_up(struct words *words, int *ret_status, struct error *err)
{
    struct stack_options options;
    AUTO(text) char *programs = NULL;
    int ready[2];
    char answer;
    *ret_status = 0;
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "stack up takes no command; stack run does");
    if (!take_options(&programs, &options, err))
        return false;
    if (pipe2(ready, O_CLOEXEC) != 0)
        return fail(err, ERR_INTERNAL, "pipe: %s", strerror(errno));
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return fail(err, ERR_INTERNAL, "fork: %s", strerror(errno));
    if (pid == 0) {
        close(ready[0]);
        stay(&options, ready[1]);
    }
    close(ready[1]);
    bool up = read(ready[0], &answer, 1) == 1;
    close(ready[0]);
    if (!up)
        return fail(err, ERR_UNAVAILABLE, "the stack did not start");
    printf("up; `countersign stack status` shows it, `countersign stack down` stops it\n");
    return true;
}

static bool run_down(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *state = NULL;
    (void)words;
    *ret_status = 0;
    if (!stack_state_read(data_folder(), &state, err))
        return false;
    if (!state) {
        printf("no stack runs in %s\n", data_folder());
        return true;
    }
    pid_t pid = (pid_t)json_integer_of(state, "pid", 0);
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0 || kill(pid, SIGTERM) != 0)
        return fail(err, ERR_INTERNAL, "can not stop process %d: %s", pid, strerror(errno));
    struct pollfd gone = {fd, POLLIN, 0};
    while (poll(&gone, 1, -1) < 0 && errno == EINTR)
        continue;
    close(fd);
    printf("stopped\n");
    return true;
}

static bool run_status(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *state = NULL;
    const char *name;
    json_t *value;
    (void)words;
    if (!stack_state_read(data_folder(), &state, err))
        return false;
    *ret_status = state ? 0 : 3; /* as init scripts say "not running" */
    if (!state) {
        printf("no stack runs in %s\n", data_folder());
        return true;
    }
    printf("%-10s %s\n%-10s %s\n", "url", json_text_of(state, "url"), "data",
           json_text_of(state, "data"));
    json_object_foreach (json_object_get(state, "children"), name, value)
        printf("%-10s process %lld\n", name, (long long)json_integer_value(value));
    json_object_foreach (json_object_get(state, "database"), name, value)
        printf("%-10s psql \"%s\"\n", name, json_string_value(value));
    return true;
}

const struct command commands_stack[] = {
    {"stack run",
     "[-- COMMAND …]",
     "a private PostgreSQL, Redis, api and worker in the foreground, or around a command",
     run_stack,
     {run_entries, COUNT_OF(run_entries)}},
    {"stack up",
     "",
     "the same in the background",
     run_up,
     {run_entries, COUNT_OF(run_entries) - 1}},
    {"stack down", "", "stop it", run_down, {data_entries, COUNT_OF(data_entries)}},
    {"stack status",
     "",
     "what runs, where, and how to look into the database",
     run_status,
     {data_entries, COUNT_OF(data_entries)}},
    {0},
};
