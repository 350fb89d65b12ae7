#include "worker/slots.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/clock.h"
#include "worker/slots_internal.h"

/* Address space, not memory: only pages that were touched count, and a slot
 * that waits for its sandbox has touched five of them. libpq connects on a
 * slot's thread, and name resolution and TLS want more than 64 KiB then. */
#define SLOT_STACK_BYTES (256 * 1024)

struct slots {
    slot_run_fn *run;
    void *context;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot *all;
    struct slot **free; /* a stack */
    size_t count;
    size_t free_count;
    size_t reserved;
    bool woken;
};

void slots_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct timespec slots_in_ms(int64_t wait_ms)
{
    int64_t at_ms = clock_monotonic_ms() + wait_ms;
    return (struct timespec){at_ms / 1000, at_ms % 1000 * 1000000};
}

/* Waits for an attempt; NULL when the slots close. */
static struct attempt *wait_for_attempt(struct slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    while (!slot->attempt && !slot->closing)
        pthread_cond_wait(&slot->changed, &slot->lock);
    struct attempt *attempt = slot->attempt;
    pthread_mutex_unlock(&slot->lock);
    return attempt;
}

static void become_free(struct slot *slot)
{
    struct slots *slots = slot->slots;
    pthread_mutex_lock(&slot->lock);
    assert(!slot->sandbox);
    attempt_free(slot->attempt);
    slot->attempt = NULL;
    slot->stop = SLOT_STOP_NONE;
    atomic_store(&slot->told, false);
    pthread_mutex_unlock(&slot->lock);
    pthread_mutex_lock(&slots->lock);
    slots->free[slots->free_count++] = slot;
    pthread_cond_broadcast(&slots->changed);
    pthread_mutex_unlock(&slots->lock);
}

static void *slot_main(void *context)
{
    struct slot *slot = context;
    while (wait_for_attempt(slot)) {
        slot->slots->run(slot->slots->context, slot);
        become_free(slot);
    }
    return NULL;
}

static void slot_open(struct slots *slots, size_t number, struct slot_times times)
{
    struct slot *slot = &slots->all[number];
    slot->slots = slots;
    slot->number = number;
    slot->times = times;
    pthread_mutex_init(&slot->lock, NULL);
    slots_cond_init(&slot->changed);
    slots->free[slots->free_count++] = slot;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SLOT_STACK_BYTES);
    if (pthread_create(&slot->thread, &attributes, slot_main, slot) != 0)
        abort();
    pthread_attr_destroy(&attributes);
}

struct slots *slots_new(size_t count, struct slot_times times, slot_run_fn *run, void *context)
{
    struct slots *slots = memory_new(1, sizeof *slots);
    slots->run = run;
    slots->context = context;
    slots->count = count;
    slots->all = memory_new(count, sizeof *slots->all);
    slots->free = memory_new(count, sizeof(struct slot *));
    pthread_mutex_init(&slots->lock, NULL);
    slots_cond_init(&slots->changed);
    for (size_t i = count; i > 0; i--)
        slot_open(slots, i - 1, times);
    return slots;
}

static void slot_close(struct slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    slot->closing = true;
    pthread_cond_broadcast(&slot->changed);
    pthread_mutex_unlock(&slot->lock);
    pthread_join(slot->thread, NULL);
    pthread_cond_destroy(&slot->changed);
    pthread_mutex_destroy(&slot->lock);
}

void slots_free(struct slots *slots)
{
    if (!slots)
        return;
    pthread_mutex_lock(&slots->lock);
    while (slots->free_count < slots->count)
        pthread_cond_wait(&slots->changed, &slots->lock);
    pthread_mutex_unlock(&slots->lock);
    for (size_t i = 0; i < slots->count; i++)
        slot_close(&slots->all[i]);
    pthread_cond_destroy(&slots->changed);
    pthread_mutex_destroy(&slots->lock);
    free(slots->free);
    free(slots->all);
    free(slots);
}

bool slots_wait_free(struct slots *slots, int64_t wait_ms)
{
    struct timespec until = slots_in_ms(wait_ms);
    pthread_mutex_lock(&slots->lock);
    while (slots->free_count == slots->reserved && !slots->woken)
        if (pthread_cond_timedwait(&slots->changed, &slots->lock, &until) == ETIMEDOUT)
            break;
    bool is_free = slots->free_count > slots->reserved;
    pthread_mutex_unlock(&slots->lock);
    return is_free;
}

size_t slots_reserve(struct slots *slots, size_t max)
{
    pthread_mutex_lock(&slots->lock);
    size_t count = slots->free_count - slots->reserved;
    if (count > max)
        count = max;
    slots->reserved += count;
    pthread_mutex_unlock(&slots->lock);
    return count;
}

size_t slots_free_count(struct slots *slots)
{
    pthread_mutex_lock(&slots->lock);
    size_t count = slots->free_count - slots->reserved;
    pthread_mutex_unlock(&slots->lock);
    return count;
}

void slots_unreserve(struct slots *slots, size_t count)
{
    pthread_mutex_lock(&slots->lock);
    assert(slots->reserved >= count);
    slots->reserved -= count;
    pthread_cond_broadcast(&slots->changed);
    pthread_mutex_unlock(&slots->lock);
}

void slots_take_attempt(struct slots *slots, struct attempt *take_attempt, int64_t claimed_ms)
{
    pthread_mutex_lock(&slots->lock);
    assert(slots->reserved > 0); /* of those that are free */
    slots->reserved--;
    struct slot *slot = slots->free[--slots->free_count];
    pthread_mutex_unlock(&slots->lock);
    pthread_mutex_lock(&slot->lock);
    slot->attempt = take_attempt;
    slot->renewed_ms = claimed_ms;
    pthread_cond_broadcast(&slot->changed);
    pthread_mutex_unlock(&slot->lock);
}

void slots_wake(struct slots *slots)
{
    pthread_mutex_lock(&slots->lock);
    slots->woken = true;
    pthread_cond_broadcast(&slots->changed);
    pthread_mutex_unlock(&slots->lock);
}

size_t slots_each(struct slots *slots, slot_each_fn *each, void *context)
{
    size_t busy = 0;
    for (size_t i = 0; i < slots->count; i++) {
        struct slot *slot = &slots->all[i];
        pthread_mutex_lock(&slot->lock);
        if (slot->attempt) {
            busy++;
            each(context, slot, slot->attempt);
        }
        pthread_mutex_unlock(&slot->lock);
    }
    return busy;
}

static void stop_one(void *context, struct slot *slot, const struct attempt *attempt)
{
    (void)attempt;
    slot_stop_locked(slot, *(const enum slot_stop *)context);
}

void slots_stop_all(struct slots *slots, enum slot_stop stop)
{
    slots_each(slots, stop_one, &stop);
}

struct expiry {
    int64_t now_ms;
    size_t stopped;
};

static void expire_one(void *context, struct slot *slot, const struct attempt *attempt)
{
    struct expiry *expiry = context;
    (void)attempt;
    if (slot->stop == SLOT_STOP_LOST || expiry->now_ms - slot->renewed_ms < slot->times.give_up_ms)
        return;
    slot_stop_locked(slot, SLOT_STOP_LOST);
    expiry->stopped++;
}

size_t slots_expire(struct slots *slots, int64_t now_ms)
{
    struct expiry expiry = {now_ms, 0};
    slots_each(slots, expire_one, &expiry);
    return expiry.stopped;
}
