#include "common/base/paced.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/bytes.h"

struct paced {
    paced_fn *act;
    void *context;
    pthread_t thread;
    pthread_mutex_t lock; /* of closing */
    pthread_cond_t end;
    bool closing;
};

/* False when it is to end. */
static bool rest(struct paced *paced, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&paced->lock);
    int timed_out = 0;
    while (!paced->closing && !timed_out)
        timed_out = pthread_cond_timedwait(&paced->end, &paced->lock, &until);
    bool goes_on = !paced->closing;
    pthread_mutex_unlock(&paced->lock);
    return goes_on;
}

static void *run(void *context)
{
    struct paced *paced = context;
    while (rest(paced, paced->act(paced->context)))
        continue;
    return NULL;
}

struct paced *paced_start(paced_fn *act, void *context)
{
    struct paced *paced = memory_new(1, sizeof *paced);
    pthread_condattr_t monotonic;
    paced->act = act;
    paced->context = context;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&paced->end, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&paced->lock, NULL);
    if (pthread_create(&paced->thread, NULL, run, paced) != 0)
        memory_none();
    return paced;
}

void paced_end(struct paced *paced)
{
    if (!paced)
        return;
    pthread_mutex_lock(&paced->lock);
    paced->closing = true;
    pthread_cond_signal(&paced->end);
    pthread_mutex_unlock(&paced->lock);
    pthread_join(paced->thread, NULL);
    pthread_cond_destroy(&paced->end);
    pthread_mutex_destroy(&paced->lock);
    free(paced);
}
