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

/* Takes the oldest; false when the doorbell closes and nothing is left. */
static bool take_next(struct doorbell *doorbell, struct ring *ret_ring)
{
    pthread_mutex_lock(&doorbell->lock);
    while (doorbell->count == 0 && !doorbell->closing)
        pthread_cond_wait(&doorbell->rung, &doorbell->lock);
    bool got = doorbell->count > 0;
    if (got) {
        *ret_ring = doorbell->waiting[doorbell->head];
        doorbell->head = (doorbell->head + 1) % WAITING_MAX;
        doorbell->count--;
    }
    pthread_mutex_unlock(&doorbell->lock);
    return got;
}

static bool send_ring(struct redis *redis, const struct ring *ring, struct error *err)
{
    if (ring->json)
        return redis_event_add(redis, ring->json, err);
    return redis_push(redis, ring->queue, &ring->id, 1, err);
}

static void *ring_all(void *context)
{
    struct doorbell *doorbell = context;
    int64_t away_until = 0;
    bool was_away = false;
    struct ring ring;
    while (take_next(doorbell, &ring)) {
        struct error err = {0};
        bool try = clock_monotonic_ms() >= away_until;
        bool sent = try && send_ring(doorbell->redis, &ring, &err);
        free(ring.json);
        if (!sent)
            atomic_fetch_add(&doorbell->dropped, 1);
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
