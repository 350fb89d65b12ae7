/* What was announced and not told yet: one write to each stream tells all of it. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/json.h"

#define GATHERED_MAX 4096 /* of more it is only known that they were */

/* Who may hear an event. */
struct event_scope {
    int64_t request_id;
    int64_t author_id;
    int64_t owner_id; /* of an author that is an agent, or 0 */
    int64_t team_id;
};
struct event_scope event_scope_of(const json_t *event);

struct gathered {
    struct gathered_event {
        struct event_scope scope;
        struct buffer block; /* as an event stream has it */
        int64_t number;      /* from 1 */
    } events[GATHERED_MAX];
    size_t count;
    int64_t ever; /* so many were added in all */
    bool overrun; /* there were more */
};

/* `id` is that of the Redis stream, or NULL for an event without one. */
void gathered_add(struct gathered *gathered, const char *id, const json_t *event);
bool gathered_is_empty(const struct gathered *gathered);
void gathered_clear(struct gathered *gathered); /* keeps the memory */
void gathered_free(struct gathered *gathered);

/* Appends one event as an event stream has it. */
void event_block(const char *id, const json_t *event, struct buffer *out);
