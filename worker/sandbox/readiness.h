/* Whether a backend can be used: asked at the start and again and again by a thread of its own, so
 * that nobody waits for the answer. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"

#define READINESS_WHY 160

enum readiness_answer {
    READINESS_YES,
    READINESS_NO,
    READINESS_UNSURE, /* nothing was learned */
};

/* Blocks, for seconds at most; one at a time. `ret_why_not` is "" before. */
typedef enum readiness_answer readiness_ask_fn(void *context, char ret_why_not[READINESS_WHY]);

struct readiness_options {
    const char *name; /* of the backend, for the log; borrowed for ever */
    readiness_ask_fn *ask;
    void *context;
    int64_t every_ms; /* between two questions */
    int64_t again_ms; /* after NO, when that is sooner: what failed may pass */
};

struct readiness;

/* Asks nothing yet; until then the backend counts as ready. Caller frees. */
struct readiness *readiness_new(const struct readiness_options *options);
/* Waits for the question that is under way. NULL is fine. */
void readiness_free(struct readiness *readiness);

/* From now on it is asked. */
bool readiness_begin(struct readiness *readiness, struct error *err) MUST_CHECK;
/* Until the first answer, or `ms`. */
void readiness_await(struct readiness *readiness, int64_t ms);

/* Any thread; never waits. UNSURE: the first question is under way. An unsure answer leaves what
 * was known, and as the first one counts as YES: jobs will tell. */
enum readiness_answer readiness_look(struct readiness *readiness, char ret_why_not[READINESS_WHY]);
void readiness_ask_soon(struct readiness *readiness); /* any thread */

/* Called from the thread that asks, after each answer that differs from the one before. */
void readiness_on_change(struct readiness *readiness, void (*changed)(void *context),
                         void *context);
