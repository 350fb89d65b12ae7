#include "api/live/listener.h"

#include <stdlib.h>
#include <string.h>

#include "api/http/server.h"

#define MARKER_MAX 256 /* of what tells that something was skipped */

struct listener *listener_new(struct exchange *exchange, const struct identity *who)
{
    struct listener *listener = memory_new(1, sizeof *listener);
    listener->exchange = exchange;
    listener->who = (struct listener_who){
        .person_id = who->person_id,
        .session_id = who->session_id,
        .token_id = who->token_id,
        .roles = who->roles,
        .role_list = memory_text(who->role_list),
        .teams = memory_text(who->teams),
    };
    listener->replaying = true;
    return listener;
}

void listener_end(struct listener *take_listener)
{
    server_stream_close(take_listener->exchange);
    free(take_listener->who.role_list);
    free(take_listener->who.teams);
    buffer_auto(&take_listener->held);
    buffer_auto(&take_listener->unsent);
    free(take_listener);
}

bool listener_may_hear(const struct listener *listener, const struct event_scope *scope)
{
    const struct listener_who *who = &listener->who;
    if (listener->request_id && scope->request_id != listener->request_id)
        return false;
    return (who->roles & ROLE_ADMIN) || scope->author_id == who->person_id ||
           scope->owner_id == who->person_id ||
           ((who->roles & ROLE_REVIEWER) && identity_lists_team(who->teams, scope->team_id));
}

/* Nothing in it needs escaping. */
void listener_write_who(const struct listener *listener, struct buffer *out)
{
    const struct listener_who *who = &listener->who;
    buffer_printf(out, "[%lld,%lld,%lld,%lld,\"%s\",\"%s\"]", (long long)listener->number,
                  (long long)who->person_id, (long long)who->session_id, (long long)who->token_id,
                  who->role_list, who->teams);
}

/* Sends what waits, as far as the network takes it. */
static void flush(struct listener *listener)
{
    struct buffer *unsent = &listener->unsent;
    ssize_t sent = server_stream_send(listener->exchange, unsent->data, unsent->len);
    if (sent < 0) {
        listener->over = true;
    } else if ((size_t)sent == unsent->len) {
        buffer_auto(unsent); /* thousands listen: they keep no memory meanwhile */
    } else {
        unsent->len -= (size_t)sent;
        memmove(unsent->data, unsent->data + sent, unsent->len);
    }
}

void listener_tell(struct listener *listener, const char *text, size_t len)
{
    if (listener->over)
        return;
    if (listener->unsent.len + len > LISTENER_UNSENT_MAX) {
        listener->over = true;
        return;
    }
    buffer_add(&listener->unsent, text, len);
    flush(listener);
}

bool listener_hear(struct listener *listener, const char *text, size_t len)
{
    if (listener->replaying && listener->held.len + len <= LISTENER_UNSENT_MAX)
        buffer_add(&listener->held, text, len);
    else if (listener->replaying)
        listener->over = true;
    else if (len > 0 || listener->unsent.len > 0)
        listener_tell(listener, text, len);
    return !listener->over;
}

bool listener_hear_gathered(struct listener *listener, const struct gathered *gathered)
{
    AUTO(buffer) struct buffer out = {0};
    size_t count = 0;
    for (size_t i = 0; i < gathered->count && count <= LISTENER_EVENTS_MAX; i++) {
        const struct gathered_event *event = &gathered->events[i];
        if (event->number <= listener->joined || !listener_may_hear(listener, &event->scope))
            continue;
        buffer_add(&out, event->block.data, event->block.len);
        count++;
    }
    if (gathered->overrun || count > LISTENER_EVENTS_MAX)
        return listener_hear(listener, LISTENER_RESET, strlen(LISTENER_RESET));
    return listener_hear(listener, out.data, out.len);
}

bool listener_was_told(const char *replayed, const char *block)
{
    return replayed[0] && strncmp(block, "id: ", 4) == 0 && !redis_id_is_later(block + 4, replayed);
}

void listener_end_replay(struct listener *listener)
{
    const char *end;
    listener->replaying = false;
    for (const char *at = listener->held.data; at && *at; at = end) {
        end = strstr(at, "\n\n") + 2;
        if (!listener_was_told(listener->replayed, at))
            listener_tell(listener, at, (size_t)(end - at));
    }
    buffer_auto(&listener->held);
}

void listener_miss(struct listener *listener, int64_t attempt_id, int64_t bytes)
{
    AUTO(buffer) struct buffer out = {0};
    if (bytes <= 0)
        return;
    buffer_printf(&out,
                  "event: output\ndata: {\"attempt_id\":%lld,\"seq\":0,\"stream\":\"stdout\","
                  "\"text\":\"\",\"dropped\":%lld}\n\n",
                  (long long)attempt_id, (long long)bytes);
    listener_tell(listener, out.data, out.len);
}

void listener_tell_skipped(struct listener *listener)
{
    listener_miss(listener, listener->skipped_of, listener->skipped);
    listener->skipped = 0;
}

bool listener_hear_piece(struct listener *listener, const struct recent_piece *piece)
{
    struct bytes block = piece->block;
    if (listener->replaying || !listener_hear(listener, "", 0))
        return listener_hear(listener, block.data, block.len);
    if (listener->unsent.len + block.len > LISTENER_UNSENT_MAX - MARKER_MAX) {
        listener->skipped += piece->weight;
        listener->skipped_of = piece->attempt_id;
        return true;
    }
    listener_tell_skipped(listener);
    return listener_hear(listener, block.data, block.len);
}

bool listener_is_there(struct listener *listener)
{
    if (!server_stream_is_heard(listener->exchange))
        listener->over = true;
    return !listener->over;
}
