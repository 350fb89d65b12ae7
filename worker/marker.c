#include "worker/marker.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "worker/attempt.h"
#include "worker/transition.h"

#define MARK_AFTER_MS 50
#define REST_MS 60000 /* nothing waits: until the next one is added */

struct waiting {
    struct transition_mark mark;
    int64_t due_ms;
};

struct marker {
    pthread_mutex_t lock;
    struct pulse *changed;
    struct waiting *waiting; /* the first is due first */
    size_t count;
    size_t room;
};

struct marker *marker_new(size_t runs)
{
    struct marker *marker = memory_new(1, sizeof *marker);
    pthread_mutex_init(&marker->lock, NULL);
    marker->changed = pulse_new();
    marker->waiting = memory_new(runs, sizeof *marker->waiting);
    marker->room = runs;
    return marker;
}

void marker_free(struct marker *marker)
{
    if (!marker)
        return;
    pthread_mutex_destroy(&marker->lock);
    pulse_free(marker->changed);
    free(marker->waiting);
    free(marker);
}

void marker_add(struct marker *marker, const struct attempt *attempt)
{
    pthread_mutex_lock(&marker->lock);
    bool is_first = marker->count == 0;
    if (marker->count < marker->room)
        marker->waiting[marker->count++] =
            (struct waiting){{attempt->id, attempt->fence}, clock_monotonic_ms() + MARK_AFTER_MS};
    pthread_mutex_unlock(&marker->lock);
    if (is_first)
        pulse_ring(marker->changed);
}

static void remove_some(struct marker *marker, size_t at, size_t count)
{
    marker->count -= count;
    memmove(marker->waiting + at, marker->waiting + at + count,
            (marker->count - at) * sizeof *marker->waiting);
}

void marker_drop(struct marker *marker, const struct attempt *attempt)
{
    pthread_mutex_lock(&marker->lock);
    for (size_t i = 0; i < marker->count; i++)
        if (marker->waiting[i].mark.id == attempt->id) {
            remove_some(marker, i, 1);
            break;
        }
    pthread_mutex_unlock(&marker->lock);
}

void marker_wake(struct marker *marker)
{
    pulse_ring(marker->changed);
}

/* Takes those that are due; says in how long the next one is. */
static size_t take_due(struct marker *marker, struct transition_mark ret_due[BATCH_MAX],
                       int64_t *ret_wait_ms)
{
    int64_t now_ms = clock_monotonic_ms();
    size_t count = 0;
    pthread_mutex_lock(&marker->lock);
    while (count < marker->count && count < BATCH_MAX && marker->waiting[count].due_ms <= now_ms) {
        ret_due[count] = marker->waiting[count].mark;
        count++;
    }
    remove_some(marker, 0, count);
    *ret_wait_ms = marker->count ? marker->waiting[0].due_ms - now_ms : REST_MS;
    pthread_mutex_unlock(&marker->lock);
    return count;
}

void marker_run(struct worker *worker)
{
    struct transition_mark due[BATCH_MAX];
    while (!atomic_load(&worker->idle) && !atomic_load(&worker->broken)) {
        int64_t wait_ms;
        size_t count = take_due(worker->marker, due, &wait_ms);
        if (count > 0)
            transition_running(worker, due, count);
        else if (wait_ms > 0)
            pulse_wait(worker->marker->changed, wait_ms);
    }
}
