#include "common/domain/doorbell.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/log.h"
#include "common/io/redis.h"

#define WAITING_MAX 4096
#define AT_ONCE 64
#define COMMAND_MS 500
#define RETRY_MS 300 /* while Redis is away; what comes meanwhile is dropped */
#define QUEUE_NAME_SIZE 48

/* A hint for a queue, or an event when `json` is there. */
struct ring {
    char queue[QUEUE_NAME_SIZE];
    int64_t id;
    char *json;
};

struct doorbell {
    struct redis *redis;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t rung;
    struct ring waiting[WAITING_MAX]; /* a circle */
    size_t head;
    size_t count;
    bool closing;
    atomic_size_t dropped;
};

/* Takes the oldest, and those behind it; 0 when the doorbell closes and nothing
 * is left. */
static size_t take_some(struct doorbell *doorbell, struct ring ret_rings[AT_ONCE])
{
    pthread_mutex_lock(&doorbell->lock);
    while (doorbell->count == 0 && !doorbell->closing)
        pthread_cond_wait(&doorbell->rung, &doorbell->lock);
    size_t count = doorbell->count < AT_ONCE ? doorbell->count : AT_ONCE;
    for (size_t i = 0; i < count; i++)
        ret_rings[i] = doorbell->waiting[(doorbell->head + i) % WAITING_MAX];
    doorbell->head = (doorbell->head + count) % WAITING_MAX;
    doorbell->count -= count;
    pthread_mutex_unlock(&doorbell->lock);
    return count;
}

static bool send_rings(struct redis *redis, const struct ring *rings, size_t count,
                       struct error *err)
{
    struct redis_hint hints[AT_ONCE];
    for (size_t i = 0; i < count; i++)
        hints[i] = (struct redis_hint){rings[i].queue, rings[i].id, rings[i].json};
    return redis_send(redis, hints, count, err);
}

static void *ring_all(void *context)
{
    struct doorbell *doorbell = context;
    int64_t away_until = 0;
    bool was_away = false;
    struct ring rings[AT_ONCE];
    size_t count;
    while ((count = take_some(doorbell, rings)) > 0) {
        struct error err = {0};
        bool try = clock_monotonic_ms() >= away_until;
        bool sent = try && send_rings(doorbell->redis, rings, count, &err);
        for (size_t i = 0; i < count; i++)
            free(rings[i].json);
        if (!sent)
            atomic_fetch_add(&doorbell->dropped, count);
        if (try && !sent)
            away_until = clock_monotonic_ms() + RETRY_MS;
        if (try && !sent && !was_away)
            log_error("redis.away", &err);
        if (try)
            was_away = !sent;
    }
    return NULL;
}

struct doorbell *doorbell_new(const char *redis_url, const char *prefix)
{
    struct doorbell *doorbell = memory_new(1, sizeof *doorbell);
    doorbell->redis = redis_new(redis_url, prefix, COMMAND_MS);
    pthread_mutex_init(&doorbell->lock, NULL);
    pthread_cond_init(&doorbell->rung, NULL);
    if (pthread_create(&doorbell->thread, NULL, ring_all, doorbell) != 0)
        abort();
    return doorbell;
}

void doorbell_free(struct doorbell *doorbell)
{
    if (!doorbell)
        return;
    pthread_mutex_lock(&doorbell->lock);
    doorbell->closing = true;
    pthread_cond_signal(&doorbell->rung);
    pthread_mutex_unlock(&doorbell->lock);
    /* While Redis hangs each command ends after COMMAND_MS and the rest is
     * dropped, so this ends soon. */
    pthread_join(doorbell->thread, NULL);
    redis_free(doorbell->redis);
    pthread_cond_destroy(&doorbell->rung);
    pthread_mutex_destroy(&doorbell->lock);
    free(doorbell);
}

static void enqueue(struct doorbell *doorbell, struct ring ring)
{
    pthread_mutex_lock(&doorbell->lock);
    bool full = doorbell->count == WAITING_MAX;
    if (!full) {
        doorbell->waiting[(doorbell->head + doorbell->count) % WAITING_MAX] = ring;
        doorbell->count++;
        pthread_cond_signal(&doorbell->rung);
    }
    pthread_mutex_unlock(&doorbell->lock);
    if (full) {
        atomic_fetch_add(&doorbell->dropped, 1);
        free(ring.json);
    }
}

void doorbell_ring(struct doorbell *doorbell, const char *queue, int64_t id)
{
    struct ring ring = {.id = id};
    FAULT("api.push.before");
    snprintf(ring.queue, sizeof ring.queue, "%s", queue);
    enqueue(doorbell, ring);
}

void doorbell_announce(struct doorbell *doorbell, const char *json)
{
    enqueue(doorbell, (struct ring){.json = memory_text(json)});
}

size_t doorbell_dropped(const struct doorbell *doorbell)
{
    return atomic_load(&doorbell->dropped);
}
