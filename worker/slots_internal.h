/* What slots.c and slot_control.c share. */
#pragma once

#include "worker/slots.h"

struct slot {
    struct slots *slots;
    size_t number;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct attempt *attempt; /* NULL: free */
    int64_t renewed_ms;      /* our monotonic clock */
    struct slot_times times;
    enum slot_stop stop;
    atomic_bool told; /* that it is to stop, for who can not take the lock */
    const struct sandbox_backend *backend;
    struct sandbox *sandbox; /* while it may be cancelled and kept alive */
    bool closing;
};

void slots_cond_init(pthread_cond_t *cond); /* timed by the monotonic clock */
struct timespec slots_in_ms(int64_t wait_ms);
void slot_stop_locked(struct slot *slot, enum slot_stop stop); /* holding its lock */
