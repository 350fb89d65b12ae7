#include "api/live/parks.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/http/handlers.h"
#include "api/http/server.h"

#define BUCKETS 4096

struct bucket {
    struct exchange *first;
    uint64_t announced; /* counts what was announced about its requests */
};

struct parks {
    pthread_mutex_t lock;
    struct handlers *handlers;
    int64_t count;
    bool closed;
    struct bucket buckets[BUCKETS];
};

static const struct {
    const char *state;
    bool decided;
    bool done;
} states[] = {
    {"drafting", false, false},         {"needs_answer", false, false}, {"pending", false, false},
    {"changes_requested", true, false}, {"approved", true, false},      {"running", true, false},
    {"outcome_unknown", true, true},
};

bool parks_state_waits(const char *state, bool until_done)
{
    for (size_t i = 0; i < COUNT_OF(states); i++)
        if (strcmp(states[i].state, state) == 0)
            return until_done ? !states[i].done : !states[i].decided;
    return false; /* a final state */
}

struct parks *parks_new(struct handlers *handlers)
{
    struct parks *parks = memory_new(1, sizeof *parks);
    pthread_mutex_init(&parks->lock, NULL);
    parks->handlers = handlers;
    return parks;
}

void parks_free(struct parks *parks)
{
    if (!parks)
        return;
    pthread_mutex_destroy(&parks->lock);
    free(parks);
}

static struct bucket *bucket_of(struct parks *parks, int64_t request_id)
{
    return &parks->buckets[(uint64_t)request_id % BUCKETS];
}

uint64_t parks_ticket(struct parks *parks, int64_t request_id)
{
    pthread_mutex_lock(&parks->lock);
    uint64_t ticket = bucket_of(parks, request_id)->announced;
    pthread_mutex_unlock(&parks->lock);
    return ticket;
}

bool parks_add(struct parks *parks, struct exchange *exchange, uint64_t ticket)
{
    pthread_mutex_lock(&parks->lock);
    struct bucket *bucket = bucket_of(parks, exchange->wait.request_id);
    bool fine = bucket->announced == ticket && !parks->closed;
    if (parks->closed)
        exchange->wait.over = true;
    if (fine) {
        exchange->next = bucket->first;
        bucket->first = exchange;
        parks->count++;
    }
    pthread_mutex_unlock(&parks->lock);
    return fine;
}

/* Which parked exchanges of a bucket go. */
struct wanted {
    int64_t request_id; /* 0: any */
    const char *state;  /* NULL: any */
    int64_t now_ms;     /* only those whose deadline has passed by then; 0: any */
    bool over;          /* their wait is over, whatever the request's state */
};

static bool is_wanted(const struct exchange *exchange, const struct wanted *wanted)
{
    const struct wait *wait = &exchange->wait;
    if (wanted->request_id && wait->request_id != wanted->request_id)
        return false;
    if (wanted->state && parks_state_waits(wanted->state, wait->until_done))
        return false;
    return !wanted->now_ms || wait->deadline_ms <= wanted->now_ms;
}

/* Called locked. */
static void release(struct parks *parks, struct bucket *bucket, const struct wanted *wanted)
{
    struct exchange **link = &bucket->first;
    while (*link) {
        struct exchange *exchange = *link;
        if (!is_wanted(exchange, wanted)) {
            link = &exchange->next;
            continue;
        }
        *link = exchange->next;
        parks->count--;
        exchange->wait.over |= wanted->over;
        if (!handlers_put(parks->handlers, exchange))
            server_stream_close(exchange);
    }
}

static void release_all(struct parks *parks, const struct wanted *wanted)
{
    for (size_t i = 0; i < BUCKETS; i++)
        if (parks->buckets[i].first)
            release(parks, &parks->buckets[i], wanted);
}

void parks_wake(struct parks *parks, int64_t request_id, const char *state)
{
    pthread_mutex_lock(&parks->lock);
    struct bucket *bucket = bucket_of(parks, request_id);
    bucket->announced++;
    release(parks, bucket, &(struct wanted){.request_id = request_id, .state = state});
    pthread_mutex_unlock(&parks->lock);
}

void parks_wake_all(struct parks *parks)
{
    pthread_mutex_lock(&parks->lock);
    for (size_t i = 0; i < BUCKETS; i++)
        parks->buckets[i].announced++;
    release_all(parks, &(struct wanted){0});
    pthread_mutex_unlock(&parks->lock);
}

void parks_expire(struct parks *parks, int64_t now_ms)
{
    pthread_mutex_lock(&parks->lock);
    if (parks->count > 0)
        release_all(parks, &(struct wanted){.now_ms = now_ms, .over = true});
    pthread_mutex_unlock(&parks->lock);
}

/* Called locked. */
static void drop_unheard(struct parks *parks, struct bucket *bucket)
{
    struct exchange **link = &bucket->first;
    while (*link) {
        struct exchange *exchange = *link;
        if (server_stream_is_heard(exchange)) {
            link = &exchange->next;
            continue;
        }
        *link = exchange->next;
        parks->count--;
        server_stream_close(exchange);
    }
}

void parks_look(struct parks *parks)
{
    pthread_mutex_lock(&parks->lock);
    for (size_t i = 0; i < BUCKETS && parks->count > 0; i++)
        drop_unheard(parks, &parks->buckets[i]);
    pthread_mutex_unlock(&parks->lock);
}

void parks_close(struct parks *parks)
{
    pthread_mutex_lock(&parks->lock);
    parks->closed = true;
    release_all(parks, &(struct wanted){.over = true});
    pthread_mutex_unlock(&parks->lock);
}

int64_t parks_count(struct parks *parks)
{
    pthread_mutex_lock(&parks->lock);
    int64_t count = parks->count;
    pthread_mutex_unlock(&parks->lock);
    return count;
}
