#include "api/live/gathered.h"

struct event_scope event_scope_of(const json_t *event)
{
    return (struct event_scope){.request_id = json_integer_of(event, "id", 0),
                                .author_id = json_integer_of(event, "author_id", 0),
                                .owner_id = json_integer_of(event, "owner_id", 0),
                                .team_id = json_integer_of(event, "team_id", 0)};
}

/* Only what lists need: who may hear it fetches the rest. */
void event_block(const char *id, const json_t *event, struct buffer *out)
{
    AUTO(json) json_t *data = json_object();
    static const char *const keys[] = {"id", "state", "revision", "at", "what"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        json_t *value = json_object_get(event, keys[i]);
        if (json_is_string(value) || json_is_integer(value))
            json_object_set(data, keys[i], value);
    }
    AUTO(text) char *text = json_text(data);
    if (id)
        buffer_printf(out, "id: %s\n", id);
    buffer_add_text(out, "event: request\ndata: ");
    buffer_add_text(out, text);
    buffer_add_text(out, "\n\n");
}

void gathered_add(struct gathered *gathered, const char *id, const json_t *event)
{
    gathered->ever++;
    if (gathered->count == GATHERED_MAX) {
        gathered->overrun = true;
        return;
    }
    struct gathered_event *place = &gathered->events[gathered->count++];
    place->number = gathered->ever;
    place->scope = event_scope_of(event);
    event_block(id, event, &place->block);
}

bool gathered_is_empty(const struct gathered *gathered)
{
    return gathered->count == 0;
}

void gathered_clear(struct gathered *gathered)
{
    for (size_t i = 0; i < gathered->count; i++)
        buffer_clear(&gathered->events[i].block);
    gathered->count = 0;
    gathered->overrun = false;
}

void gathered_free(struct gathered *gathered)
{
    for (size_t i = 0; i < GATHERED_MAX; i++)
        buffer_auto(&gathered->events[i].block);
}
