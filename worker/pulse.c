#include "worker/pulse.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"

struct pulse {
    pthread_mutex_t lock;
    pthread_cond_t rung_now;
    bool rung;
};

struct pulse *pulse_new(void)
{
    struct pulse *pulse = memory_new(1, sizeof *pulse);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pulse->rung_now, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&pulse->lock, NULL);
    return pulse;
}

void pulse_free(struct pulse *pulse)
{
    if (!pulse)
        return;
    pthread_cond_destroy(&pulse->rung_now);
    pthread_mutex_destroy(&pulse->lock);
    free(pulse);
}

void pulse_wait(struct pulse *pulse, int64_t wait_ms)
{
    int64_t at_ms = clock_monotonic_ms() + wait_ms;
    struct timespec until = {at_ms / 1000, at_ms % 1000 * 1000000};
    pthread_mutex_lock(&pulse->lock);
    while (!pulse->rung)
        if (pthread_cond_timedwait(&pulse->rung_now, &pulse->lock, &until) == ETIMEDOUT)
            break;
    pulse->rung = false;
    pthread_mutex_unlock(&pulse->lock);
}

void pulse_ring(struct pulse *pulse)
{
    pthread_mutex_lock(&pulse->lock);
    pulse->rung = true;
    pthread_cond_signal(&pulse->rung_now);
    pthread_mutex_unlock(&pulse->lock);
}
