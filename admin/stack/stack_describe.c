#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/stack/stack_keys.h"
#include "common/base/json.h"

static void add_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, json_string(text ? text : ""));
}

static json_t *describe_database(const struct stack *stack)
{
    json_t *database = json_object();
    AUTO(text) char *super = stack_data_conninfo(&stack->data, "superuser", NULL);
    add_text(database, "superuser", super);
    for (const char *const *role = stack_roles; *role; role++) {
        AUTO(text) char *conninfo = stack_data_conninfo(&stack->data, *role, NULL);
        add_text(database, *role, conninfo);
    }
    return database;
}

/* The settings that name public keys and heads. */
static json_t *describe_files(const struct stack *stack)
{
    json_t *files = json_object();
    struct environment environment = {0};
    stack_keys_public(stack, &environment);
    for (size_t i = 0; i < environment.count; i++) {
        char *setting = environment.list[i], *value = strchr(setting, '=');
        if (value) {
            *value = '\0';
            add_text(files, setting, value + 1);
        }
    }
    environment_auto(&environment);
    return files;
}

static void add_child(void *context, const struct child *child)
{
    json_t *children = context;
    if (child->pid)
        json_object_set_new(children, child->name, json_integer(child->pid));
}

char *stack_describe(const struct stack *stack)
{
    AUTO(json) json_t *root = json_object();
    json_t *children = json_object();
    supervisor_each(stack->supervisor, add_child, children);
    json_object_set_new(root, "pid", json_integer(getpid()));
    add_text(root, "url", stack->url);
    add_text(root, "data", stack->data.folder);
    add_text(root, "redis", stack->redis_url);
    json_object_set_new(root, "database", describe_database(stack));
    json_object_set_new(root, "files", describe_files(stack));
    json_object_set_new(root, "children", children);
    return json_text(root);
}
