#include "api/live/feed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/database.h"
#include "api/live/outputs.h"
#include "api/live/parks.h"
#include "api/live/streams.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/io/redis.h"
#include "statements.h"

#define REDIS_WAIT_MS 500
#define REDIS_COMMAND_MS 1000
#define POLL_MS 1000 /* PostgreSQL, while Redis is away */
/* Otherwise, for hints that got lost. What one look saw is told at the next: by then Redis has told
 * all that it was given, and nobody hears it twice. */
#define POLL_QUIET_MS 2500
#define POLL_MOST 500
#define CHECK_MS 3000  /* so long may a stream outlive the session or the rights of who listens */
#define LATE_IDS 10000 /* how far back a commit may be that took longer than others */
#define RECENT 2048    /* events remembered, so that a poll does not tell them again */

struct feed {
    struct api *api;
    pthread_t thread;
    struct redis *redis;
    struct db *db;
    char last_id[REDIS_ID_SIZE];
    char *since;  /* snapshot: what it saw was told; NULL before the first look */
    char *until;  /* snapshot up to which is being told now, page by page, or NULL */
    int64_t head; /* newest id that `until` saw */
    char *seen;   /* snapshot of the newest look, told at the next one */
    int64_t seen_head;
    int64_t page; /* id after which the next page begins */
    int64_t next_poll_ms;
    int64_t next_check_ms;
    bool away; /* Redis does not answer */
    bool db_away;
    uint64_t recent[RECENT];
    size_t recent_at;
    atomic_bool closing;
};

void feed_wake(struct api *api, const json_t *event)
{
    parks_wake(api->parks, json_integer_of(event, "id", 0), json_text_of(event, "state"));
}

/* FNV-1a over what makes an event one of its kind. */
static uint64_t event_mark(const json_t *event)
{
    char text[160];
    const char *what = json_text_of(event, "what");
    snprintf(text, sizeof text, "%lld %s", (long long)json_integer_of(event, "id", 0),
             what ? what : "");
    uint64_t mark = 0xcbf29ce484222325u;
    for (const char *at = text; *at; at++)
        mark = (mark ^ (unsigned char)*at) * 0x100000001b3u;
    return mark;
}

static bool is_recent(const struct feed *feed, uint64_t mark)
{
    for (size_t i = 0; i < RECENT; i++)
        if (feed->recent[i] == mark)
            return true;
    return false;
}

static void tell(struct feed *feed, const char *stream_id, const json_t *event)
{
    feed->recent[feed->recent_at++ % RECENT] = event_mark(event);
    feed_wake(feed->api, event);
    outputs_announce(feed->api->outputs, event);
    streams_announce(feed->api->streams, stream_id, event);
}

static void on_event(void *context, const char *id, const char *text)
{
    struct feed *feed = context;
    struct error err = {0};
    AUTO(json) json_t *event = NULL;
    if (json_read_object(bytes_of(text), &event, &err)) /* anybody may write into Redis */
        tell(feed, id, event);
}

/* Up to where the log goes now. Ids are drawn before they commit, so that a
 * position among them could leave out what was late: snapshots can not. */
static bool look_ahead(struct feed *feed, struct error *err)
{
    AUTO(rows) struct rows *now = NULL;
    if (!sql_events_now(feed->db, &now, err))
        return false;
    AUTO(text) char *late = TAKE(feed->seen);
    int64_t late_head = feed->seen_head;
    feed->seen = memory_text(rows_text(now, 0, 1));
    feed->seen_head = rows_integer(now, 0, 0);
    feed->page = feed->head - LATE_IDS;
    bool waits = late && !feed->away;
    feed->head = waits ? late_head : feed->seen_head;
    feed->until = waits ? TAKE(late) : memory_text(feed->seen);
    return true;
}

/* All up to `until` was told. */
static void move_on(struct feed *feed)
{
    free(feed->since);
    feed->since = TAKE(feed->until);
}

/* One page of what was committed since our last position; at first nothing. */
static bool read_database(struct feed *feed, struct rows **ret_rows, struct error *err)
{
    const char *url = feed->api->settings.database_url.value;
    if ((!feed->db && !db_open(url, "countersign-api", &feed->db, err)) ||
        (!feed->until && !look_ahead(feed, err)))
        return false;
    if (feed->since)
        return sql_events_between(feed->db, feed->page, feed->since, feed->until, POLL_MOST,
                                  ret_rows, err);
    move_on(feed);
    return true;
}

static void tell_row(struct feed *feed, const struct rows *rows, size_t row)
{
    AUTO(json) json_t *event = json_loads(rows_text(rows, row, 1), 0, NULL);
    feed->page = rows_integer(rows, row, 0);
    if (event && (feed->away || !is_recent(feed, event_mark(event))))
        tell(feed, NULL, event);
}

/* What the audit log knows beyond our last position. */
static void poll_database(struct feed *feed)
{
    struct error err = {0};
    AUTO(rows) struct rows *rows = NULL;
    bool fine = read_database(feed, &rows, &err);
    if (!fine && !feed->db_away)
        log_error("feed.database", &err);
    if (!fine)
        database_failed(feed->api, &err);
    feed->db_away = !fine;
    size_t count = fine && rows ? rows_count(rows) : 0;
    for (size_t i = 0; i < count; i++)
        tell_row(feed, rows, i);
    bool more = count == POLL_MOST;
    if (fine && feed->until && !more)
        move_on(feed);
    feed->next_poll_ms = clock_monotonic_ms() + (more ? 0 : feed->away ? POLL_MS : POLL_QUIET_MS);
}

/* A failure is told by the polls, which use the same connection. */
static void check_streams(struct feed *feed)
{
    struct error err = {0};
    if (feed->db)
        (void)!streams_check(feed->api->streams, feed->db, &err);
    feed->next_check_ms = clock_monotonic_ms() + CHECK_MS;
}

/* Redis answers again: from its newest event on, after one look at what was missed. */
static bool come_back(struct feed *feed, struct error *err)
{
    if (!redis_events_tail(feed->redis, feed->last_id, err))
        return false;
    feed->away = false;
    poll_database(feed);
    streams_reset(feed->api->streams);
    parks_wake_all(feed->api->parks);
    return true;
}

static void go_away(struct feed *feed, const struct error *err)
{
    if (!feed->away) {
        log_error("feed.redis", err);
        feed->next_poll_ms = 0; /* from now on PostgreSQL alone tells */
    }
    feed->away = true;
}

/* Waits for Redis, at most REDIS_WAIT_MS. */
static void listen(struct feed *feed)
{
    struct error err = {0};
    bool fine = (!feed->away || come_back(feed, &err)) &&
                redis_events_wait(feed->redis, feed->last_id, REDIS_WAIT_MS, on_event, feed, &err);
    if (fine)
        return;
    go_away(feed, &err);
    usleep(REDIS_WAIT_MS * 1000);
}

static void *run(void *context)
{
    struct feed *feed = context;
    while (!atomic_load(&feed->closing)) {
        if (feed->redis)
            listen(feed);
        else
            usleep(REDIS_WAIT_MS * 1000);
        if (clock_monotonic_ms() >= feed->next_poll_ms)
            poll_database(feed);
        if (clock_monotonic_ms() >= feed->next_check_ms)
            check_streams(feed);
    }
    return NULL;
}

struct feed *feed_new(struct api *api)
{
    struct feed *feed = memory_new(1, sizeof *feed);
    feed->api = api;
    feed->away = true;
    poll_database(feed); /* where the log ends now */
    const char *url = api->settings.redis_url.value;
    if (*url)
        feed->redis = redis_new(url, api->settings.redis_prefix, REDIS_COMMAND_MS);
    if (pthread_create(&feed->thread, NULL, run, feed) != 0)
        abort();
    return feed;
}

void feed_free(struct feed *feed)
{
    if (!feed)
        return;
    atomic_store(&feed->closing, true);
    pthread_join(feed->thread, NULL);
    redis_free(feed->redis);
    db_close(feed->db);
    free(feed->since);
    free(feed->until);
    free(feed->seen);
    free(feed);
}
