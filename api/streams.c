#include "api/streams.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/places.h"
#include "api/stream.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/io/redis.h"

#define BEAT_MS 15000
/* A stream ends after this and its page connects again: a right that was taken
 * away does not outlive it. */
#define LIFE_MS 300000
#define HELD_MAX 65536
#define REPLAY_MOST 1000
#define REPLAY_COMMAND_MS 1000

static const char greeting[] = "retry: 1000\n\n";
static const char heartbeat[] = ": heartbeat\n\n";
static const char reset[] = "event: reset\ndata: {}\n\n";

struct listener {
    struct listener *next;
    struct listener **link;
    struct streams *streams;
    struct stream *stream;
    int64_t request_id; /* 0: all */
    int64_t session_id;
    int64_t next_beat_ms;
    int64_t ends_ms;
    bool replaying; /* new events wait in `held` until the old ones are out */
    struct buffer held;
    char replayed[REDIS_ID_SIZE]; /* the last event that was */
    struct identity who;
};

struct streams {
    struct api *api;
    pthread_mutex_t lock;
    struct listener *first;
    int64_t count;
    bool closed;
    pthread_mutex_t redis_lock;
    struct redis *redis;
};

struct streams *streams_new(struct api *api)
{
    struct streams *streams = memory_new(1, sizeof *streams);
    const char *url = api->settings.redis_url.value;
    streams->api = api;
    pthread_mutex_init(&streams->lock, NULL);
    pthread_mutex_init(&streams->redis_lock, NULL);
    if (*url)
        streams->redis = redis_new(url, api->settings.redis_prefix, REPLAY_COMMAND_MS);
    return streams;
}

void streams_free(struct streams *streams)
{
    if (!streams)
        return;
    redis_free(streams->redis);
    pthread_mutex_destroy(&streams->redis_lock);
    pthread_mutex_destroy(&streams->lock);
    free(streams);
}

/* The same rule as cs.can_see: author, an agent's owner, reviewers of the team, admins. */
static bool may_hear(const struct listener *listener, const json_t *event)
{
    const struct identity *who = &listener->who;
    if (listener->request_id && json_integer_of(event, "id", 0) != listener->request_id)
        return false;
    return (who->roles & ROLE_ADMIN) || json_integer_of(event, "author_id", 0) == who->person_id ||
           json_integer_of(event, "owner_id", 0) == who->person_id ||
           ((who->roles & ROLE_REVIEWER) &&
            identity_has_team(who, json_integer_of(event, "team_id", 0)));
}

/* Only what lists need: who may hear it fetches the rest. */
static void write_event(const char *id, const json_t *event, struct buffer *out)
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

static void unlist(struct listener *listener)
{
    struct streams *streams = listener->streams;
    pthread_mutex_lock(&streams->lock);
    *listener->link = listener->next;
    if (listener->next)
        listener->next->link = listener->link;
    streams->count--;
    pthread_mutex_unlock(&streams->lock);
}

/* The stream's memory goes: nobody may find it any more. */
static void on_release(struct stream *stream)
{
    struct listener *listener = stream->owner;
    unlist(listener);
    buffer_auto(&listener->held);
    free(listener);
}

static struct listener *listener_new(struct call *call, int64_t request_id)
{
    struct listener *listener = memory_new(1, sizeof *listener);
    int64_t now = clock_monotonic_ms();
    listener->streams = call->api->streams;
    listener->stream = stream_new(call->exchange, -1);
    listener->stream->owner = listener;
    listener->stream->release = on_release;
    listener->request_id = request_id;
    listener->session_id = call->who.session_id;
    listener->next_beat_ms = now + BEAT_MS;
    listener->ends_ms = now + LIFE_MS;
    listener->replaying = true;
    listener->who = call->who;
    stream_add(listener->stream, greeting, strlen(greeting));
    return listener;
}

static void enlist(struct listener *listener)
{
    struct streams *streams = listener->streams;
    pthread_mutex_lock(&streams->lock);
    listener->next = streams->first;
    listener->link = &streams->first;
    if (listener->next)
        listener->next->link = &listener->next;
    streams->first = listener;
    streams->count++;
    if (streams->closed)
        stream_end(listener->stream);
    pthread_mutex_unlock(&streams->lock);
}

static void replay_event(void *context, const char *id, const char *text)
{
    struct listener *listener = context;
    struct error err = {0};
    AUTO(json) json_t *event = NULL;
    AUTO(buffer) struct buffer out = {0};
    if (!json_read_object(bytes_of(text), &event, &err) || !may_hear(listener, event))
        return;
    write_event(id, event, &out);
    stream_add(listener->stream, out.data, out.len);
    snprintf(listener->replayed, sizeof listener->replayed, "%s", id);
}

static bool is_stream_id(const char *id)
{
    size_t ms = strspn(id, "0123456789");
    size_t seq = id[ms] == '-' ? strspn(id + ms + 1, "0123456789") : 0;
    return ms > 0 && ms < 20 && seq > 0 && seq < 20 && id[ms + 1 + seq] == '\0';
}

/* What was announced behind Last-Event-ID, or a reset where that is not known. */
static void replay(struct listener *listener, const char *last_id)
{
    struct streams *streams = listener->streams;
    struct error err = {0};
    bool gap = true;
    if (is_stream_id(last_id) && streams->redis) {
        pthread_mutex_lock(&streams->redis_lock);
        if (!redis_events_after(streams->redis, last_id, REPLAY_MOST, replay_event, listener, &gap,
                                &err))
            gap = true;
        pthread_mutex_unlock(&streams->redis_lock);
    }
    if (gap)
        stream_add(listener->stream, reset, strlen(reset));
}

/* Stream ids are two numbers with a dash between. */
static bool is_later(const char *id, const char *than)
{
    char *id_rest, *than_rest;
    unsigned long long id_ms = strtoull(id, &id_rest, 10);
    unsigned long long than_ms = strtoull(than, &than_rest, 10);
    if (id_ms != than_ms || *id_rest != '-' || *than_rest != '-')
        return id_ms > than_ms;
    return strtoull(id_rest + 1, NULL, 10) > strtoull(than_rest + 1, NULL, 10);
}

/* What came in meanwhile, without what the replay already told. Called locked. */
static void give_held(struct listener *listener)
{
    const char *end;
    for (const char *at = listener->held.data; at && *at; at = end) {
        end = strstr(at, "\n\n") + 2;
        bool told = listener->replayed[0] && strncmp(at, "id: ", 4) == 0 &&
                    !is_later(at + 4, listener->replayed);
        if (!told)
            stream_add(listener->stream, at, (size_t)(end - at));
    }
}

static void end_replay(struct listener *listener)
{
    pthread_mutex_lock(&listener->streams->lock);
    give_held(listener);
    buffer_auto(&listener->held);
    listener->replaying = false;
    pthread_mutex_unlock(&listener->streams->lock);
}

bool streams_open(struct call *call, int64_t request_id, struct error *err)
{
    struct exchange *exchange = call->exchange;
    const char *last_id = exchange_header(exchange, "Last-Event-ID");
    if (!places_take(call->api->places, call->who.person_id))
        return fail(err, ERR_THROTTLED, "too many open event streams and polls");
    exchange->held_place = call->who.person_id;
    struct listener *listener = listener_new(call, request_id);
    enlist(listener);
    if (last_id)
        replay(listener, last_id);
    end_replay(listener);
    call->reply->status = 200;
    call->reply->type = "text/event-stream";
    call->reply->stream = listener->stream;
    return true;
}

static void give(struct listener *listener, const struct buffer *event)
{
    if (!listener->replaying)
        stream_add(listener->stream, event->data, event->len);
    else if (listener->held.len + event->len <= HELD_MAX)
        buffer_add(&listener->held, event->data, event->len);
    else
        stream_end(listener->stream);
}

void streams_announce(struct streams *streams, const char *id, const json_t *event)
{
    AUTO(buffer) struct buffer out = {0};
    write_event(id, event, &out);
    pthread_mutex_lock(&streams->lock);
    for (struct listener *at = streams->first; at; at = at->next)
        if (may_hear(at, event))
            give(at, &out);
    pthread_mutex_unlock(&streams->lock);
}

void streams_reset(struct streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    for (struct listener *at = streams->first; at; at = at->next)
        stream_add(at->stream, reset, strlen(reset));
    pthread_mutex_unlock(&streams->lock);
}

void streams_beat(struct streams *streams, int64_t now_ms)
{
    pthread_mutex_lock(&streams->lock);
    for (struct listener *at = streams->first; at; at = at->next) {
        if (at->ends_ms <= now_ms) {
            stream_end(at->stream);
        } else if (at->next_beat_ms <= now_ms) {
            at->next_beat_ms = now_ms + BEAT_MS;
            stream_add(at->stream, heartbeat, strlen(heartbeat));
        }
    }
    pthread_mutex_unlock(&streams->lock);
}

void streams_close_session(struct streams *streams, int64_t session_id)
{
    pthread_mutex_lock(&streams->lock);
    for (struct listener *at = streams->first; at; at = at->next)
        if (session_id && at->session_id == session_id)
            stream_end(at->stream);
    pthread_mutex_unlock(&streams->lock);
}

void streams_close(struct streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    streams->closed = true;
    for (struct listener *at = streams->first; at; at = at->next)
        stream_end(at->stream);
    pthread_mutex_unlock(&streams->lock);
}

int64_t streams_count(struct streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    int64_t count = streams->count;
    pthread_mutex_unlock(&streams->lock);
    return count;
}
