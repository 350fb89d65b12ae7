#include "tests/bench/instant_made.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"

static size_t bucket_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash % MADE_BUCKETS;
}

void made_init(struct made *made)
{
    *made = (struct made){0};
    TAILQ_INIT(&made->order);
}

static void set_id(struct made_sandbox *sandbox, bool uuid)
{
    unsigned long long serial = sandbox->serial;
    if (uuid)
        snprintf(sandbox->id, sizeof sandbox->id, "%08llx-0000-4000-8000-%012llx",
                 serial & 0xffffffff, serial);
    else
        snprintf(sandbox->id, sizeof sandbox->id, "i%019llx", serial);
}

struct made_sandbox *made_add(struct made *made, bool uuid, const char *name, json_t *labels)
{
    if (made->count == MADE_MAX)
        return NULL;
    struct made_sandbox *sandbox = memory_new(1, sizeof *sandbox);
    sandbox->serial = ++made->last;
    set_id(sandbox, uuid);
    snprintf(sandbox->name, sizeof sandbox->name, "%s", *name ? name : sandbox->id);
    sandbox->labels = labels ? json_incref(labels) : json_object();
    sandbox->labels_text = json_text(sandbox->labels);
    clock_format(clock_wall_ms(), sandbox->created);
    made->count++;
    TAILQ_INSERT_TAIL(&made->order, sandbox, order);
    LIST_INSERT_HEAD(&made->by_id[bucket_of(sandbox->id)], sandbox, by_id);
    LIST_INSERT_HEAD(&made->by_name[bucket_of(sandbox->name)], sandbox, by_name);
    return sandbox;
}

void made_remove(struct made *made, struct made_sandbox *sandbox)
{
    made->count--;
    TAILQ_REMOVE(&made->order, sandbox, order);
    LIST_REMOVE(sandbox, by_id);
    LIST_REMOVE(sandbox, by_name);
    json_decref(sandbox->labels);
    free(sandbox->labels_text);
    free(sandbox);
}

struct made_sandbox *made_find(struct made *made, const char *id)
{
    struct made_sandbox *sandbox;
    for (sandbox = LIST_FIRST(&made->by_id[bucket_of(id)]); sandbox;
         sandbox = LIST_NEXT(sandbox, by_id))
        if (strcmp(sandbox->id, id) == 0)
            return sandbox;
    return NULL;
}

struct made_sandbox *made_named(struct made *made, const char *name)
{
    struct made_sandbox *sandbox;
    for (sandbox = LIST_FIRST(&made->by_name[bucket_of(name)]); sandbox;
         sandbox = LIST_NEXT(sandbox, by_name))
        if (strcmp(sandbox->name, name) == 0)
            return sandbox;
    return NULL;
}

bool made_matches(const struct made_sandbox *sandbox, const json_t *labels)
{
    const char *name;
    const json_t *value;
    json_object_foreach ((json_t *)labels, name, value)
        if (!json_equal(value, json_object_get(sandbox->labels, name)))
            return false;
    return true;
}

bool made_labels_valid(const json_t *labels)
{
    const char *name;
    const json_t *value;
    json_object_foreach ((json_t *)labels, name, value)
        if (!json_is_string(value))
            return false;
    return json_is_object(labels);
}
