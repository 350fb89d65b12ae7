/* Leaves a service alone that fails again and again. What one worker learns all
 * know: the state is in Redis, and in this process alone while Redis is away. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct breaker; /* any thread */

struct breaker_options {
    const char *redis_url;
    const char *prefix;
    const char *name;    /* "e2b"; the same for all who share it */
    int64_t failures;    /* in a row: then it opens */
    int64_t recovery_ms; /* how long it stays open; then a few may try */
    int64_t permits;     /* how many at once, of all workers together; at most 8 */
};

/* Texts are copied; connects when it is first asked. Caller frees. */
struct breaker *breaker_new(const struct breaker_options *options);
void breaker_free(struct breaker *breaker);

enum breaker_kind { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };

struct breaker_state {
    enum breaker_kind kind;
    int64_t until_ms; /* wall clock; 0 unless open */
    int64_t failures; /* in a row */
    bool refused;     /* it is open because our key is not taken */
    char reason[120]; /* why it opened */
};
/* At most BREAKER_LOOK_MS old. */
#define BREAKER_LOOK_MS 100
void breaker_look(struct breaker *breaker, struct breaker_state *ret_state);
const char *breaker_kind_name(enum breaker_kind kind); /* "closed", "half_open", "open" */

/* One use of the service. */
#define BREAKER_TOKEN 17
struct breaker_permit {
    int probe;                 /* number of the permit while half open, else -1 */
    char token[BREAKER_TOKEN]; /* by which it is known to be this one's */
    int64_t generation;        /* how often it had opened by then */
};

/* Before each use. False: not now; *ret_retry_ms says when to ask again. */
bool breaker_permit(struct breaker *breaker, struct breaker_permit *ret_permit,
                    int64_t *ret_retry_ms);

/* While it is used: the service has taken up what was asked. One that is half open closes, and the
 * permit is free for others, however long the use goes on. What was counted stays: only an end
 * tells that all of it works. */
void breaker_works(struct breaker *breaker, struct breaker_permit *permit);

/* After it, once. */
enum breaker_verdict {
    BREAKER_WORKED,    /* closes one that is half open, and clears what was counted */
    BREAKER_FAILED,    /* timeouts too */
    BREAKER_NO_ANSWER, /* says nothing of the service: cancelled, or what was asked was wrong */
    BREAKER_REFUSED,   /* opens it at once: our key is not taken */
};
void breaker_report(struct breaker *breaker, struct breaker_permit *permit,
                    enum breaker_verdict verdict, const char *why);
