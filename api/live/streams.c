#include "api/live/streams.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/live/gathered.h"
#include "api/live/listener.h"
#include "api/live/places.h"
#include "api/http/server.h"
#include "common/base/clock.h"
#include "common/io/redis.h"
#include "statements.h"

#define BEAT_MS 15000
#define LISTEN_MS 2000 /* how often we look whether somebody still listens */
/* A stream ends after this and its page connects again: a right that was taken
 * away does not outlive it. */
#define LIFE_MS 300000
#define REPLAY_COMMAND_MS 1000
#define GATHER_MS 250 /* so late is an event told that follows another one, */
#define TELL_SHARE 20 /* or later: telling takes one part in so many of the time */
#define AWAY_MS 5000  /* after Redis failed, nobody waits for it this long */

static const char greeting[] = "retry: 1000\n\n";
static const char heartbeat[] = ": heartbeat\n\n";

struct streams {
    struct api *api;
    pthread_mutex_t lock;
    struct listener *first;
    int64_t count;
    int64_t numbers; /* given so far */
    bool closed;
    struct gathered gathered; /* to be told at next_tell_ms */
    int64_t next_tell_ms;
    pthread_mutex_t redis_lock; /* of the two below */
    struct redis *redis;
    int64_t away_until_ms;
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
    gathered_free(&streams->gathered);
    pthread_mutex_destroy(&streams->redis_lock);
    pthread_mutex_destroy(&streams->lock);
    free(streams);
}

/* What is done to each listener; false ends it. */
typedef bool visit_fn(struct listener *listener, const void *what);

/* Visits all, and ends and forgets those that are over. Called locked. */
static void visit_all(struct streams *streams, visit_fn *visit, const void *what)
{
    struct listener **link = &streams->first;
    while (*link) {
        struct listener *listener = *link;
        /* While a replay is under way, a handler holds it. */
        if (visit(listener, what) || listener->replaying) {
            link = &listener->next;
            continue;
        }
        *link = listener->next;
        streams->count--;
        listener_end(listener);
    }
}

static void enlist(struct streams *streams, struct listener *listener)
{
    pthread_mutex_lock(&streams->lock);
    listener->joined = streams->gathered.ever;
    listener->number = ++streams->numbers;
    listener->next = streams->first;
    streams->first = listener;
    streams->count++;
    if (streams->closed)
        listener->over = true;
    pthread_mutex_unlock(&streams->lock);
}

static void replay_event(void *context, const char *id, const char *text)
{
    struct listener *listener = context;
    struct error err = {0};
    AUTO(json) json_t *event = NULL;
    AUTO(buffer) struct buffer out = {0};
    if (!json_read_object(bytes_of(text), &event, &err))
        return;
    const struct event_scope scope = event_scope_of(event);
    if (!listener_may_hear(listener, &scope))
        return;
    event_block(id, event, &out);
    listener_tell(listener, out.data, out.len);
    snprintf(listener->replayed, sizeof listener->replayed, "%s", id);
}

/* True when nothing is missing between `last_id` and what is heard from now on. One that hangs
 * is waited for once: the handlers that queue up here serve everybody else, too. */
static bool replay_whole(struct streams *streams, struct listener *listener, const char *last_id)
{
    struct error err = {0};
    bool gap = true;
    pthread_mutex_lock(&streams->redis_lock);
    bool fine = clock_monotonic_ms() >= streams->away_until_ms;
    if (fine && !redis_events_after(streams->redis, last_id, replay_event, listener, &gap, &err)) {
        streams->away_until_ms = clock_monotonic_ms() + AWAY_MS;
        fine = false;
    }
    pthread_mutex_unlock(&streams->redis_lock);
    return fine && !gap;
}

/* What was announced behind Last-Event-ID, or a reset where that is not known. */
static void replay(struct streams *streams, struct listener *listener, const char *last_id)
{
    if (!redis_id_is_valid(last_id) || !streams->redis || !replay_whole(streams, listener, last_id))
        listener_tell(listener, LISTENER_RESET, strlen(LISTENER_RESET));
}

static struct listener *listener_for(struct call *call, int64_t request_id)
{
    int64_t now = clock_monotonic_ms();
    struct listener *listener = listener_new(call->exchange, &call->who);
    listener->request_id = request_id;
    listener->next_beat_ms = now + BEAT_MS;
    listener->next_look_ms = now + LISTEN_MS;
    listener->ends_ms = now + LIFE_MS;
    return listener;
}

/* The listener in the list, its replay begun; NULL where only the head is wanted. */
static bool join(struct call *call, const struct listener *like, struct listener **ret_listener,
                 struct error *err)
{
    struct exchange *exchange = call->exchange;
    call->reply->status = 200;
    call->reply->type = "text/event-stream";
    if (exchange->framing.method == METHOD_HEAD)
        return true;
    if (!places_take(call->api->places, call->who.person_id))
        return fail(err, ERR_THROTTLED, "too many open event streams and polls");
    exchange->held_place = call->who.person_id;
    struct listener *listener = listener_for(call, like->request_id);
    listener->output = like->output;
    server_stream_open(exchange, call->api->tls);
    listener_tell(listener, greeting, strlen(greeting));
    enlist(call->api->streams, listener);
    call->parked = true;
    *ret_listener = listener;
    return true;
}

bool streams_join(struct call *call, int64_t request_id, struct listener **ret_listener,
                  struct error *err)
{
    return join(call, &(struct listener){.request_id = request_id, .output = true}, ret_listener,
                err);
}

void streams_follow(struct streams *streams, struct listener *listener)
{
    pthread_mutex_lock(&streams->lock);
    listener_end_replay(listener);
    pthread_mutex_unlock(&streams->lock);
}

bool streams_open(struct call *call, int64_t request_id, struct error *err)
{
    struct streams *streams = call->api->streams;
    const char *last_id = exchange_header(call->exchange, "Last-Event-ID");
    struct listener *listener = NULL;
    if (!join(call, &(struct listener){.request_id = request_id}, &listener, err))
        return false;
    if (listener && last_id)
        replay(streams, listener, last_id);
    if (listener)
        streams_follow(streams, listener);
    return true;
}

static bool visit_output(struct listener *listener, const void *what)
{
    const struct recent_piece *piece = what;
    if (!listener->output || (piece->request_id && piece->request_id != listener->request_id))
        return !listener->over;
    return listener_hear_piece(listener, piece);
}

void streams_tell_output(struct streams *streams, const struct recent_piece *piece)
{
    pthread_mutex_lock(&streams->lock);
    visit_all(streams, visit_output, piece);
    pthread_mutex_unlock(&streams->lock);
}

static bool visit_end(struct listener *listener, const void *what)
{
    const struct recent_piece *end = what;
    if (!listener->output || listener->request_id != end->request_id || listener->ending)
        return !listener->over;
    listener->ending = true;
    listener_tell_skipped(listener);
    return listener_hear(listener, end->block.data, end->block.len);
}

void streams_end_output(struct streams *streams, int64_t request_id, const char *state)
{
    AUTO(buffer) struct buffer block = {0};
    AUTO(json) json_t *data = json_pack("{s:s}", "state", state);
    AUTO(text) char *text = json_text(data);
    buffer_printf(&block, "event: end\ndata: %s\n\n", text);
    const struct recent_piece end = {.request_id = request_id, .block = buffer_bytes(&block)};
    pthread_mutex_lock(&streams->lock);
    visit_all(streams, visit_end, &end);
    pthread_mutex_unlock(&streams->lock);
}

static bool visit_tell(struct listener *listener, const void *what)
{
    return listener->output ? !listener->over : listener_hear_gathered(listener, what);
}

/* Called locked. The first event is told at once. To tell thousands of streams of each that follows
 * would leave nothing for those who ask. */
static void tell_gathered(struct streams *streams, int64_t now_ms)
{
    if (gathered_is_empty(&streams->gathered) || now_ms < streams->next_tell_ms)
        return;
    visit_all(streams, visit_tell, &streams->gathered);
    gathered_clear(&streams->gathered);
    int64_t told_ms = clock_monotonic_ms();
    int64_t rest_ms = (told_ms - now_ms) * (TELL_SHARE - 1);
    streams->next_tell_ms = told_ms + (rest_ms > GATHER_MS ? rest_ms : GATHER_MS);
}

void streams_announce(struct streams *streams, const char *id, const json_t *event)
{
    pthread_mutex_lock(&streams->lock);
    gathered_add(&streams->gathered, id, event);
    tell_gathered(streams, clock_monotonic_ms());
    pthread_mutex_unlock(&streams->lock);
}

static bool visit_reset(struct listener *listener, const void *what)
{
    (void)what;
    if (listener->output)
        return !listener->over;
    return listener_hear(listener, LISTENER_RESET, strlen(LISTENER_RESET));
}

void streams_reset(struct streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    visit_all(streams, visit_reset, NULL);
    pthread_mutex_unlock(&streams->lock);
}

static bool visit_beat(struct listener *listener, const void *what)
{
    int64_t now = *(const int64_t *)what;
    if (listener->ends_ms <= now)
        return false;
    if (listener->next_beat_ms <= now) {
        listener->next_beat_ms = now + BEAT_MS;
        return listener_hear(listener, heartbeat, strlen(heartbeat));
    }
    if (listener->next_look_ms <= now) {
        listener->next_look_ms = now + LISTEN_MS;
        return listener_is_there(listener);
    }
    /* What could not go out before. */
    if (!listener_hear(listener, "", 0) || listener->replaying)
        return !listener->over;
    if (listener->unsent.len == 0)
        listener_tell_skipped(listener);
    return !(listener->ending && listener->unsent.len == 0);
}

void streams_beat(struct streams *streams, int64_t now_ms)
{
    pthread_mutex_lock(&streams->lock);
    tell_gathered(streams, now_ms);
    visit_all(streams, visit_beat, &now_ms);
    pthread_mutex_unlock(&streams->lock);
}

static bool visit_who(struct listener *listener, const void *what)
{
    /* visit_all hands it on as what is only read; the text is the caller's. */
    struct buffer *const *out = what;
    buffer_add_text(*out, (*out)->len > 1 ? "," : "");
    listener_write_who(listener, *out);
    return !listener->over;
}

/* The newest listener is visited first, and the rows are in order. */
struct numbers {
    const struct rows *rows;
    size_t left;
};

static bool visit_over(struct listener *listener, const void *what)
{
    struct numbers *numbers = *(struct numbers *const *)what;
    while (numbers->left > 0 &&
           rows_integer(numbers->rows, numbers->left - 1, 0) > listener->number)
        numbers->left--;
    if (numbers->left > 0 && rows_integer(numbers->rows, numbers->left - 1, 0) == listener->number)
        listener->over = true;
    return !listener->over;
}

bool streams_check(struct streams *streams, struct db *db, struct error *err)
{
    AUTO(buffer) struct buffer asked = {0};
    AUTO(rows) struct rows *rows = NULL;
    struct buffer *out = &asked;
    buffer_add_text(&asked, "[");
    pthread_mutex_lock(&streams->lock);
    bool some = streams->first;
    visit_all(streams, visit_who, &out);
    pthread_mutex_unlock(&streams->lock);
    buffer_add_text(&asked, "]");
    if (!some)
        return true;
    if (!sql_streams_over(db, asked.data, &rows, err))
        return false;
    struct numbers over = {rows, rows_count(rows)}, *numbers = &over;
    pthread_mutex_lock(&streams->lock);
    visit_all(streams, visit_over, &numbers);
    pthread_mutex_unlock(&streams->lock);
    return true;
}

static bool visit_session(struct listener *listener, const void *what)
{
    return listener->who.session_id != *(const int64_t *)what && !listener->over;
}

void streams_close_session(struct streams *streams, int64_t session_id)
{
    pthread_mutex_lock(&streams->lock);
    if (session_id)
        visit_all(streams, visit_session, &session_id);
    pthread_mutex_unlock(&streams->lock);
}

static bool visit_close(struct listener *listener, const void *what)
{
    (void)what;
    listener->over = true;
    return false;
}

void streams_close(struct streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    streams->closed = true;
    visit_all(streams, visit_close, NULL);
    pthread_mutex_unlock(&streams->lock);
}

int64_t streams_count(struct streams *streams)
{
    pthread_mutex_lock(&streams->lock);
    int64_t count = streams->count;
    pthread_mutex_unlock(&streams->lock);
    return count;
}
