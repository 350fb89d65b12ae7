#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "admin/stack/child.h"
#include "admin/folders.h"
#include "admin/stack/stack_keys.h"

#define PORT_WANTED 8080
#define PORTS_TRIED 100
#define READY_SECONDS 2

static struct sockaddr_in local_address(long port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool port_is_free(long port)
{
    int on = 1;
    struct sockaddr_in address = local_address(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_free = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                   bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return is_free;
}

/* The wanted port or the next free one; 0 lets the api choose. */
static long choose_port(void)
{
    const char *wanted = getenv("API_PORT");
    long first = wanted && *wanted ? strtol(wanted, NULL, 10) : PORT_WANTED;
    for (long port = first; first > 0 && port < first + PORTS_TRIED && port < 65536; port++)
        if (port_is_free(port))
            return port;
    return 0;
}

/* One GET /readyz; true when it says 200. */
bool stack_port_is_ready(long port)
{
    static const char ask[] = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                              "Connection: close\r\n\r\n";
    char answer[16] = "";
    struct timeval patience = {.tv_sec = READY_SECONDS};
    struct sockaddr_in address = local_address(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ready = fd >= 0 &&
                 setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
                 connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                 send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) == (ssize_t)sizeof ask - 1 &&
                 recv(fd, answer, sizeof answer - 1, MSG_WAITALL) > 12 &&
                 strncmp(answer, "HTTP/1.1 200", 12) == 0;
    if (fd >= 0)
        close(fd);
    return ready;
}

static bool api_is_ready(void *context)
{
    struct stack *stack = context;
    AUTO(text) char *path = path_join(stack->data.run, "api/port");
    AUTO(text) char *text = NULL;
    struct error ignored;
    if (!file_read(path, &text, &ignored))
        return false;
    long port = strtol(text, NULL, 10);
    if (port <= 0 || !stack_port_is_ready(port))
        return false;
    stack->port = port;
    snprintf(stack->url, sizeof stack->url, "http://127.0.0.1:%ld", port);
    return true;
}

static bool plan_program(const struct stack *stack, const char *role, struct child *plan,
                         struct error *err)
{
    AUTO(buffer) struct buffer program = {0};
    AUTO(text) char *secret = NULL;
    if (!stack_data_secret(&stack->data, role, &secret, err))
        return false;
    AUTO(text) char *url = stack_data_conninfo(&stack->data, role, secret);
    buffer_printf(&program, "%s/countersign-%s", stack->options.programs, role);
    const char *const words[] = {program.data, NULL};
    child_program(plan, program.data, words);
    environment_copy(&plan->environment, environ);
    environment_set(&plan->environment, "DATABASE_URL", url);
    environment_set(&plan->environment, "REDIS_URL", stack->redis_url);
    stack_keys_public(stack, &plan->environment);
    plan->restarts = !stack->options.control;
    return true;
}

/* Where the api writes its port, in a folder of its own. */
static bool make_port_file(const struct stack *stack, char **ret_file, struct error *err)
{
    const struct account *owner = &stack->data.api;
    AUTO(text) char *folder = path_join(stack->data.run, "api");
    if (!folder_make(folder, 0700, err))
        return false;
    if (owner->name[0] && chown(folder, owner->uid, owner->gid) != 0)
        return fail(err, ERR_INTERNAL, "can not hand over %s: %s", folder, strerror(errno));
    *ret_file = path_join(folder, "port");
    return true;
}

/* The api has roles of its own for the sealer and for queries of admins. */
static bool set_role_url(const struct stack *stack, const char *role, const char *setting,
                         struct environment *environment, struct error *err)
{
    AUTO(text) char *secret = NULL;
    if (!stack_data_secret(&stack->data, role, &secret, err))
        return false;
    AUTO(text) char *url = stack_data_conninfo(&stack->data, role, secret);
    environment_set(environment, setting, url);
    return true;
}

/* NULL after an error. */
static struct child *add_api(struct stack *stack, struct error *err)
{
    AUTO(text) char *file = NULL;
    struct child plan;
    child_name(&plan, "api", RANK_PROGRAM);
    if (!make_port_file(stack, &file, err) || !plan_program(stack, "api", &plan, err) ||
        !set_role_url(stack, "auditor", "AUDIT_DATABASE_URL", &plan.environment, err) ||
        !set_role_url(stack, "sealer", "SEALER_DATABASE_URL", &plan.environment, err))
        return NULL;
    plan.account = stack->data.api;
    plan.restarts = false;
    environment_set(&plan.environment, "API_PORT_FILE", file);
    stack_keys_secret(stack, &plan.environment);
    return supervisor_add(stack->supervisor, &plan);
}

struct start {
    struct stack *stack;
    const struct child *child;
    long port;
};

/* Somebody may take the port between our look and the api's: then it ends, and
 * another port is tried. */
static bool ready_or_port_lost(void *context)
{
    const struct start *start = context;
    return api_is_ready(start->stack) ||
           (start->child->ended && start->port && !port_is_free(start->port));
}

static void set_port(struct child *child, long port)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", port);
    environment_set(&child->environment, "API_PORT", text);
}

bool stack_start_api(struct stack *stack, struct error *err)
{
    struct child *child = add_api(stack, err);
    if (!child)
        return false;
    for (int tries = 0; tries < PORTS_TRIED && !stack->url[0]; tries++) {
        struct start start = {stack, child, choose_port()};
        set_port(child, start.port);
        if (!supervisor_start(stack->supervisor, child, err) ||
            !supervisor_wait(stack->supervisor, child, ready_or_port_lost, &start, err))
            return false;
    }
    if (!stack->url[0])
        return fail(err, ERR_UNAVAILABLE, "no port is free for the api");
    /* Started again, it keeps the port that people have in their browsers. */
    set_port(child, stack->port);
    child->restarts = !stack->options.control;
    return true;
}

bool stack_start_worker(struct stack *stack, long number, struct error *err)
{
    char name[24];
    snprintf(name, sizeof name, "worker-%ld", number);
    struct child plan;
    child_name(&plan, name, RANK_PROGRAM);
    if (!plan_program(stack, "worker", &plan, err))
        return false;
    environment_default(&plan.environment, "WORKER_NAME", name);
    environment_default(&plan.environment, "DRAIN_SECONDS", "10");
    plan.stop_ms = 60000;
    struct child *child = supervisor_add(stack->supervisor, &plan);
    return supervisor_start(stack->supervisor, child, err);
}
