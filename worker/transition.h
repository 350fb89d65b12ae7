/* The moves of an attempt, each one element of a shared commit: start, running,
 * release, finish. What they changed is announced. */
#pragma once

#include "worker/worker.h"

/* Sends `event`, `events` and `push` of a result to the doorbell. */
void transition_announce(struct worker *worker, const json_t *result);

/* Claimed to starting. `reference` is what a backend gave, or NULL: it becomes durable
 * in the same commit. On ERR_LOST nobody knows: ask transition_start_holds. */
bool transition_start(struct worker *worker, const struct attempt *attempt, const char *reference,
                      struct error *err) MUST_CHECK;
/* After a start whose answer was lost: true when it did commit and is ours. */
bool transition_start_holds(struct worker *worker, const struct attempt *attempt, bool *ret_holds,
                            struct error *err) MUST_CHECK;
/* Says why this may not start, so that our database audits it and puts the request into a safe
 * state. Always false; the code tells whether it did: ERR_STALE or ERR_CONFLICT. */
bool transition_refuse(struct worker *worker, const struct attempt *attempt, const char *why,
                       struct error *err) MUST_CHECK;

/* An attempt of ours that runs. */
struct transition_mark {
    int64_t id;
    int64_t fence;
};
/* At most BATCH_MAX of them. What can not be recorded is logged: it is only for people to see,
 * since an end takes an attempt that is still starting. */
void transition_running(struct worker *worker, const struct transition_mark *marks, size_t count);

struct transition_release {
    const char *reason;                /* people see it while the attempt waits */
    int64_t retry_after_ms;            /* nobody takes it before that */
    const struct sandbox_usage *usage; /* of a sandbox that ran nothing; NULL: none was made */
    bool is_final;                     /* not ready again but failed: it can never run */
};
/* Back to ready, from claimed or from starting: only for a worker that wrote
 * less than the whole start itself. */
bool transition_release(struct worker *worker, const struct attempt *attempt,
                        const struct transition_release *release, struct error *err) MUST_CHECK;

/* How a run ended. `items` is a list as output_items gives it. */
struct transition_end {
    const char *outcome; /* succeeded, failed, timed_out, cancelled, unknown */
    const char *reason;
    const struct sandbox_result *result;
    const json_t *items;
    bool may_run_on; /* of an unknown one: its service may still tell */
};
/* Safe to repeat: the same end again is fine. */
bool transition_finish(struct worker *worker, const struct attempt *attempt,
                       const struct transition_end *end, struct error *err) MUST_CHECK;

/* Text from inside a sandbox as JSON: what is not UTF-8 becomes "?". */
json_t *transition_text(const char *text);
