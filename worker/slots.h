/* The slots of a worker: one thread each, one attempt at a time, and how other
 * threads reach the sandbox in it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "worker/attempt.h"

/* Why a run is to end. A greater one replaces a smaller one. */
enum slot_stop {
    SLOT_STOP_NONE,
    SLOT_STOP_CANCEL, /* a person said so */
    SLOT_STOP_DRAIN,  /* the worker must go */
    SLOT_STOP_LOST,   /* the lease is not ours any more, or can not be renewed */
};

struct slot;
struct slots;

/* What a slot's thread does with one attempt, from its claim to its end. */
typedef void slot_run_fn(void *context, struct slot *slot);

/* How long a lease may go unrenewed, by our own monotonic clock. */
struct slot_times {
    int64_t give_up_ms; /* after this we kill what we run; well before the lease ends */
    int64_t keep_ms;    /* and after this a launcher kills it without us */
};

struct slots *slots_new(size_t count, struct slot_times times, slot_run_fn *run, void *context);
void slots_free(struct slots *slots); /* waits for every slot to be free */

size_t slots_reserve(struct slots *slots, size_t max); /* as many as are free now */
size_t slots_free_count(struct slots *slots);          /* neither busy nor reserved */
/* Waits for a free one; false when `wait_ms` passed or slots_wake was called. */
bool slots_wait_free(struct slots *slots, int64_t wait_ms);
void slots_unreserve(struct slots *slots, size_t count);
/* Into a slot that was reserved. `claimed_ms`: our monotonic clock before the
 * claim was sent, so that our idea of the lease never ends after the real one. */
void slots_take_attempt(struct slots *slots, struct attempt *take_attempt, int64_t claimed_ms);
void slots_wake(struct slots *slots); /* from now on nobody waits for a slot */

/* Calls `each` for every slot that holds an attempt. */
typedef void slot_each_fn(void *context, struct slot *slot, const struct attempt *attempt);
size_t slots_each(struct slots *slots, slot_each_fn *each, void *context);
void slots_stop_all(struct slots *slots, enum slot_stop stop);
/* Stops every slot whose lease was not renewed in time; returns how many. */
size_t slots_expire(struct slots *slots, int64_t now_ms);

/* From any thread; nothing happens when the slot holds another attempt by now.
 * `sent_ms`: our clock before the renewal was sent. */
void slot_stop(struct slot *slot, int64_t id, int64_t fence, enum slot_stop stop);
void slot_renew(struct slot *slot, int64_t id, int64_t fence, int64_t sent_ms);

/* For the slot's own thread. */
struct attempt *slot_attempt(struct slot *slot);
size_t slot_number(const struct slot *slot);
enum slot_stop slot_stopped(struct slot *slot);
const atomic_bool *slot_told(const struct slot *slot); /* true once it is to stop */
bool slot_lease_is_ours(struct slot *slot);            /* by our own clock */
void slot_wait(struct slot *slot, int64_t wait_ms);    /* or until it is told to stop */
/* From now on a stop cancels this sandbox and a renewal keeps it alive. */
void slot_attach(struct slot *slot, const struct sandbox_backend *backend, struct sandbox *sandbox);
void slot_detach(struct slot *slot); /* before the sandbox is destroyed */
