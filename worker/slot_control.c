/* One slot, seen from its own thread and from the threads that watch it. */
#include "worker/slots.h"

#include "common/base/clock.h"
#include "worker/slots_internal.h"

void slot_stop_locked(struct slot *slot, enum slot_stop stop)
{
    bool first = stop > slot->stop;
    if (first)
        slot->stop = stop;
    atomic_store(&slot->told, true);
    if (first && slot->sandbox)
        slot->backend->cancel(slot->sandbox);
    pthread_cond_broadcast(&slot->changed);
}

static bool holds(const struct slot *slot, int64_t id, int64_t fence)
{
    return slot->attempt && slot->attempt->id == id && slot->attempt->fence == fence;
}

void slot_stop(struct slot *slot, int64_t id, int64_t fence, enum slot_stop stop)
{
    pthread_mutex_lock(&slot->lock);
    if (holds(slot, id, fence))
        slot_stop_locked(slot, stop);
    pthread_mutex_unlock(&slot->lock);
}

/* Called locked. The launcher's own deadline follows the lease, not us. */
static void keep_alive(struct slot *slot)
{
    int64_t left_ms = slot->renewed_ms + slot->times.keep_ms - clock_monotonic_ms();
    if (slot->sandbox && slot->backend->keep_alive && slot->stop == SLOT_STOP_NONE && left_ms > 0)
        slot->backend->keep_alive(slot->sandbox, left_ms);
}

void slot_renew(struct slot *slot, int64_t id, int64_t fence, int64_t sent_ms)
{
    pthread_mutex_lock(&slot->lock);
    if (holds(slot, id, fence)) {
        slot->renewed_ms = sent_ms;
        keep_alive(slot);
    }
    pthread_mutex_unlock(&slot->lock);
}

struct attempt *slot_attempt(struct slot *slot)
{
    return slot->attempt;
}

size_t slot_number(const struct slot *slot)
{
    return slot->number;
}

enum slot_stop slot_stopped(struct slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    enum slot_stop stop = slot->stop;
    pthread_mutex_unlock(&slot->lock);
    return stop;
}

const atomic_bool *slot_told(const struct slot *slot)
{
    return &slot->told;
}

bool slot_lease_is_ours(struct slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    bool ours = slot->stop != SLOT_STOP_LOST &&
                clock_monotonic_ms() - slot->renewed_ms < slot->times.give_up_ms;
    pthread_mutex_unlock(&slot->lock);
    return ours;
}

void slot_wait(struct slot *slot, int64_t wait_ms)
{
    struct timespec until = slots_in_ms(wait_ms);
    pthread_mutex_lock(&slot->lock);
    pthread_cond_timedwait(&slot->changed, &slot->lock, &until);
    pthread_mutex_unlock(&slot->lock);
}

void slot_attach(struct slot *slot, const struct sandbox_backend *backend, struct sandbox *sandbox)
{
    pthread_mutex_lock(&slot->lock);
    slot->backend = backend;
    slot->sandbox = sandbox;
    keep_alive(slot);
    if (slot->stop != SLOT_STOP_NONE)
        backend->cancel(sandbox);
    pthread_mutex_unlock(&slot->lock);
}

void slot_detach(struct slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    slot->sandbox = NULL;
    pthread_mutex_unlock(&slot->lock);
}
