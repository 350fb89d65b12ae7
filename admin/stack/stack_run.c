#include "admin/stack/stack_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/stack/child.h"
#include "admin/folders.h"
#include "admin/migrate.h"
#include "admin/stack/stack_control.h"
#include "admin/stack/stack_keys.h"

static void print_event(void *context, const struct child *child, const char *event)
{
    const struct stack *stack = context;
    bool by_itself = !child->stopping && child->restarts;
    if (strcmp(event, "ended") == 0 && by_itself)
        fprintf(stderr, "countersign: %s ended by itself (%s %d); its log is %s/%s.log\n",
                child->name, WIFSIGNALED(child->status) ? "signal" : "status",
                WIFSIGNALED(child->status) ? WTERMSIG(child->status) : WEXITSTATUS(child->status),
                stack->data.log, child->name);
    else if (strcmp(event, "restarting") == 0)
        fprintf(stderr, "countersign: starting %s again\n", child->name);
}

static bool migrate_stack(const struct stack *stack, struct error *err)
{
    char *secrets[8] = {NULL};
    struct role_password passwords[8];
    char names[8][40];
    size_t count = 0;
    bool good = true;
    for (; stack_roles[count] && good; count++) {
        good = stack_data_secret(&stack->data, stack_roles[count], &secrets[count], err);
        snprintf(names[count], sizeof names[count], "countersign_%s", stack_roles[count]);
        passwords[count] = (struct role_password){names[count], {secrets[count]}};
    }
    const struct migration migration = {stack->superuser, passwords, count, NULL, false};
    good = good && stack_data_passfile(&stack->data, err) && migrate(&migration, err);
    for (size_t i = 0; i < count; i++)
        free(secrets[i]);
    return good;
}

static bool start_all(struct stack *stack, struct error *err)
{
    if (!stack_keys_make(stack, err) || !stack_start_postgres(stack, err) ||
        !stack_start_redis(stack, err) || !migrate_stack(stack, err) ||
        (stack->options.api && !stack_start_api(stack, err)))
        return false;
    for (long i = 1; i <= stack->options.workers; i++)
        if (!stack_start_worker(stack, i, err))
            return false;
    AUTO(text) char *text = stack_describe(stack);
    return file_write(stack->data.state, bytes_of(text), 0600, err);
}

static void set_command_environment(const struct stack *stack, struct environment *environment)
{
    static const char *const names[] = {"superuser", "api",    "worker",   "operator",
                                        "auditor",   "sealer", "verifier", NULL};
    environment_copy(environment, environ);
    for (const char *const *role = names; *role; role++) {
        AUTO(text) char *conninfo = stack_data_conninfo(&stack->data, *role, NULL);
        char name[40] = "COUNTERSIGN_DB_";
        for (size_t i = 0; (*role)[i]; i++)
            name[15 + i] = (char)((*role)[i] - 'a' + 'A');
        environment_set(environment, name, conninfo);
        if (strcmp(*role, "operator") == 0)
            environment_set(environment, "DATABASE_URL", conninfo);
        if (strcmp(*role, "auditor") == 0)
            environment_set(environment, "AUDIT_DATABASE_URL", conninfo);
    }
    stack_keys_public(stack, environment);
    environment_set(environment, "COUNTERSIGN_URL", stack->url);
    if (stack->url[0])
        environment_default(environment, "PUBLIC_URL", stack->url);
    environment_set(environment, "COUNTERSIGN_DATA", stack->data.folder);
    environment_set(environment, "DATA_DIR", stack->data.folder);
    environment_set(environment, "REDIS_URL", stack->redis_url);
    environment_set(environment, "COUNTERSIGN_REDIS_URL", stack->redis_url);
}

/* The program by its path, or as the shell would find it; caller frees. */
static char *find_program(const char *name)
{
    const char *path = getenv("PATH");
    while (!strchr(name, '/') && path && *path) {
        size_t len = strcspn(path, ":");
        AUTO(buffer) struct buffer place = {0};
        buffer_add(&place, path, len);
        buffer_printf(&place, "/%s", name);
        if (access(place.data, X_OK) == 0)
            return TAKE(place.data);
        path += len + (path[len] == ':');
    }
    return memory_text(name);
}

static bool run_command(struct stack *stack, char *const *command, int *ret_status,
                        struct error *err)
{
    struct child plan;
    AUTO(text) char *program = find_program(command[0]);
    child_name(&plan, "command", RANK_COMMAND);
    child_program(&plan, program, (const char *const *)command);
    set_command_environment(stack, &plan.environment);
    plan.account = (struct account){"", getuid(), getgid()};
    plan.death_signal = SIGTERM;
    plan.restarts = false;
    plan.terminal = true;
    struct child *child = supervisor_add(stack->supervisor, &plan);
    if (!supervisor_start(stack->supervisor, child, err))
        return false;
    supervisor_run(stack->supervisor, child);
    if (child->ended)
        *ret_status =
            WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) : WEXITSTATUS(child->status);
    return true;
}

/* Lets go of the terminal: who started us waits for the end of its pipes. */
static bool leave_terminal(const struct stack *stack, struct error *err)
{
    AUTO(text) char *path = path_join(stack->data.log, "stack.log");
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool good = null_fd >= 0 && log_fd >= 0 && dup2(null_fd, STDIN_FILENO) >= 0 &&
                dup2(log_fd, STDOUT_FILENO) >= 0 && dup2(log_fd, STDERR_FILENO) >= 0;
    if (null_fd >= 0)
        close(null_fd);
    if (log_fd >= 0)
        close(log_fd);
    return good || fail(err, ERR_INTERNAL, "can not write %s: %s", path, strerror(errno));
}

static bool use(struct stack *stack, char *const *command, int ready_fd, int *ret_status,
                struct error *err)
{
    if (!start_all(stack, err))
        return false;
    if (stack->options.control)
        stack_control_ready(stack);
    if (ready_fd >= 0 && !leave_terminal(stack, err))
        return false;
    if (ready_fd >= 0 && write(ready_fd, "r", 1) != 1)
        supervisor_request_stop(stack->supervisor);
    if (command && command[0])
        return run_command(stack, command, ret_status, err);
    if (!stack->options.control && ready_fd < 0)
        fprintf(stderr, "countersign: %s is up; Ctrl-C stops it\n",
                stack->url[0] ? stack->url : stack->data.folder);
    supervisor_run(stack->supervisor, NULL);
    return true;
}

bool stack_run(const struct stack_options *options, char *const *command, int ready_fd,
               int *ret_status, struct error *err)
{
    struct stack stack = {.options = *options};
    bool good = stack_data_open(options->data, &stack.data, err) &&
                supervisor_new(stack.data.log, &stack.supervisor, err);
    *ret_status = 0;
    if (good && options->control)
        stack_control_open(&stack);
    else if (good)
        supervisor_listen(stack.supervisor, print_event, &stack);
    good = good && use(&stack, command, ready_fd, ret_status, err);
    if (stack.supervisor) {
        int number = supervisor_signal(stack.supervisor);
        supervisor_stop(stack.supervisor);
        bool told = number && (!good || (command && command[0]));
        *ret_status = told ? 128 + number : *ret_status;
        good = good || told;
    }
    supervisor_free(stack.supervisor);
    stack_data_close(&stack.data, options->temporary);
    free(stack.superuser);
    free(stack.redis_url);
    free(stack.api_folder);
    free(stack.keys_folder);
    return good;
}
