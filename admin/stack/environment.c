#include "admin/stack/environment.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"

void environment_auto(struct environment *environment)
{
    for (size_t i = 0; i < environment->count; i++)
        free(environment->list[i]);
    free(environment->list);
    *environment = (struct environment){0};
}

static void append(struct environment *environment, char *take_entry)
{
    char **list = memory_new(environment->count + 2, sizeof *list);
    for (size_t i = 0; i < environment->count; i++)
        list[i] = environment->list[i];
    list[environment->count++] = take_entry;
    free(environment->list);
    environment->list = list;
}

void environment_copy(struct environment *environment, char *const *from)
{
    for (; *from; from++)
        append(environment, memory_text(*from));
}

static char **find(struct environment *environment, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < environment->count; i++)
        if (strncmp(environment->list[i], name, len) == 0 && environment->list[i][len] == '=')
            return &environment->list[i];
    return NULL;
}

void environment_set(struct environment *environment, const char *name, const char *value)
{
    struct buffer entry = {0};
    buffer_printf(&entry, "%s=%s", name, value);
    char **there = find(environment, name);
    if (!there) {
        append(environment, entry.data);
        return;
    }
    free(*there);
    *there = entry.data;
}

void environment_default(struct environment *environment, const char *name, const char *value)
{
    if (!find(environment, name))
        environment_set(environment, name, value);
}
