/* Redis: hints on lists and the capped stream of events. Nothing in it is the
 * truth; every failure here costs time, never work. The one home of hiredis. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"

struct redis; /* one connection; one thread at a time; reconnects by itself */

#define REDIS_EVENTS_KEPT 10000
#define REDIS_REPLAY_MOST 1000
#define REDIS_HINTS_KEPT 10000 /* a list is cut to the newest of them at twice that */
#define REDIS_ID_SIZE 48

/* Does not connect yet. `command_ms` bounds every command beyond its own
 * blocking time: hiredis 0.14's connect timeout does not cover commands. */
struct redis *redis_new(const char *url, const char *prefix, int command_ms);
void redis_free(struct redis *redis);

/* An event for the feed when `event` is there, else an id for a queue. */
struct redis_hint {
    const char *queue;
    int64_t id;
    const char *event; /* JSON */
};

/* All of them in order, in one go: one wait for the answers of all. After a
 * failure nobody knows which arrived. */
bool redis_send(struct redis *redis, const struct redis_hint *hints, size_t count,
                struct error *err) MUST_CHECK;

/* LPUSH of decimal ids; the oldest go when a list grows beyond 2 * REDIS_HINTS_KEPT. */
bool redis_push(struct redis *redis, const char *queue, const int64_t *ids, size_t count,
                struct error *err) MUST_CHECK;

struct redis_ids {
    int64_t *list; /* the caller's, with room for `max` */
    size_t max;
    size_t count;
    size_t forged; /* items that were no ids, and are dropped */
};

/* BLMPOP over the lists in order of preference, from one of them. `count` is 0
 * when `wait_ms` passed. */
bool redis_pop(struct redis *redis, const char *const *queues, size_t queue_count, int wait_ms,
               struct redis_ids *io_ids, struct error *err) MUST_CHECK;

/* XADD events MAXLEN ~ REDIS_EVENTS_KEPT * event JSON. */
bool redis_event_add(struct redis *redis, const char *json, struct error *err) MUST_CHECK;

/* Called for each event; `id` and `json` are borrowed. */
typedef void redis_event_fn(void *context, const char *id, const char *json);

/* XREAD BLOCK after `last_id` ("$" = from now on); `io_last_id` moves on. */
bool redis_events_wait(struct redis *redis, char io_last_id[REDIS_ID_SIZE], int wait_ms,
                       redis_event_fn *each, void *context, struct error *err) MUST_CHECK;

/* The id of the newest event, or "0-0" while there is none. */
bool redis_events_tail(struct redis *redis, char ret_id[REDIS_ID_SIZE],
                       struct error *err) MUST_CHECK;

/* XRANGE after `last_id`. *ret_gap is true when events after it were already
 * trimmed (or Redis lost them), or are more than REDIS_REPLAY_MOST: the reader
 * must fetch everything anew. */
bool redis_events_after(struct redis *redis, const char *last_id, redis_event_fn *each,
                        void *context, bool *ret_gap, struct error *err) MUST_CHECK;

/* Ids of entries are two numbers with a dash between. */
bool redis_id_is_valid(const char *id);
bool redis_id_is_later(const char *id, const char *than);

bool redis_ping(struct redis *redis, struct error *err) MUST_CHECK;
