#include "admin/stack/stack_control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/json.h"

static struct buffer input; /* of stdin, up to its last line end */

static void say(json_t *take_event)
{
    char *text = json_text(take_event);
    printf("%s\n", text);
    fflush(stdout);
    free(text);
    json_decref(take_event);
}

static void say_child(void *context, const struct child *child, const char *event)
{
    (void)context;
    json_t *line = json_pack("{s:s, s:s}", "event", event, "name", child->name);
    if (strcmp(event, "started") == 0)
        json_object_set_new(line, "pid", json_integer(child->pid));
    else if (WIFSIGNALED(child->status))
        json_object_set_new(line, "signal", json_integer(WTERMSIG(child->status)));
    else
        json_object_set_new(line, "code", json_integer(WEXITSTATUS(child->status)));
    say(line);
}

static bool start(struct stack *stack, struct child *child, const json_t *order, struct error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get(order, "env"), name, value)
        environment_set(&child->environment, name, json_string_value(value));
    return supervisor_start(stack->supervisor, child, err);
}

static bool obey(struct stack *stack, struct bytes line, struct error *err)
{
    AUTO(json) json_t *order = NULL;
    static const struct json_field fields[] = {
        {"do", JSON_KIND_TEXT, true, 1, 10},
        {"name", JSON_KIND_TEXT, true, 1, 23},
        {"env", JSON_KIND_OBJECT, false, 0, 0},
    };
    if (!json_read_object(line, &order, err) ||
        !json_check(order, "", fields, COUNT_OF(fields), err))
        return false;
    const char *name = json_text_of(order, "name");
    struct child *child = supervisor_find(stack->supervisor, name);
    if (!child)
        return fail(err, ERR_NOT_FOUND, "there is no child %s", name);
    if (strcmp(json_text_of(order, "do"), "start") == 0)
        return start(stack, child, order, err);
    supervisor_stop_child(stack->supervisor, child);
    return true;
}

static void take_lines(struct stack *stack)
{
    char *end;
    struct error err;
    while ((end = memchr(input.data, '\n', input.len))) {
        /* Taken out first: obeying may wait for a child, and read on meanwhile. */
        AUTO(buffer) struct buffer line = {0};
        buffer_add(&line, input.data, (size_t)(end - input.data));
        input.len -= line.len + 1;
        memmove(input.data, end + 1, input.len);
        if (!obey(stack, buffer_bytes(&line), &err))
            say(json_pack("{s:s, s:s}", "event", "failed", "text", err.text));
    }
}

static void take_input(void *context, int fd)
{
    char part[4096];
    ssize_t got = read(fd, part, sizeof part);
    if (got < 0 && errno == EINTR)
        return;
    if (got <= 0) {
        struct stack *stack = context;
        supervisor_watch(stack->supervisor, -1, NULL, NULL);
        supervisor_request_stop(stack->supervisor);
        return;
    }
    buffer_add(&input, part, (size_t)got);
    take_lines(context);
}

void stack_control_open(struct stack *stack)
{
    supervisor_listen(stack->supervisor, say_child, stack);
    supervisor_watch(stack->supervisor, STDIN_FILENO, take_input, stack);
}

void stack_control_ready(const struct stack *stack)
{
    AUTO(text) char *text = stack_describe(stack);
    struct error ignored;
    json_t *event;
    if (!json_read_object(bytes_of(text), &event, &ignored))
        return;
    json_object_set_new(event, "event", json_string("ready"));
    say(event);
}
