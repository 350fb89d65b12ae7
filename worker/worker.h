/* What the threads of one worker share. */
#pragma once

#include <stdatomic.h>

#include "common/base/settings.h"
#include "common/domain/doorbell.h"
#include "common/io/batch.h"
#include "worker/backends.h"
#include "worker/live.h"
#include "worker/pulse.h"
#include "worker/slots.h"

#define COUNTERSIGN_VERSION "0.1.0"

struct signals;

struct worker {
    const struct settings *settings;
    _Atomic int64_t id; /* of our row; 0 until our database knows us */
    char instance[64];  /* id of our database; there before `id` is */
    struct db_pool *pool;
    struct db_pool *keeper_pool; /* of heartbeat and sweep: they wait for no slot */
    struct doorbell *doorbell;
    struct live *live;
    struct marker *marker;
    struct batch *starts, *runnings, *releases, *finishes;
    struct backends *backends;
    struct slots *slots;
    struct pulse *dispatch_now, *sweep_now, *heartbeat_now, *janitor_now;
    atomic_int takers;       /* threads that may still claim */
    atomic_bool draining;    /* takes nothing new */
    atomic_bool leaving;     /* waits for nothing any more */
    atomic_bool idle;        /* draining is over: the heartbeat may end */
    atomic_bool broken;      /* can not work with this database at all */
    atomic_bool redis_away;  /* sweeps do the doorbell's work */
    atomic_bool queue_empty; /* the last look at Redis found nothing */
};

/* Builds all of it but threads; nothing is connected yet. Takes the backends. */
struct worker *worker_new(const struct settings *settings, struct backends *take_backends);
void worker_free(struct worker *worker);

/* Works until a signal and until what was running is over. False: the database
 * does not fit, or a thread hangs; then nothing but an exit is left. */
bool worker_run(struct worker *worker, struct signals *signals, struct error *err) MUST_CHECK;
