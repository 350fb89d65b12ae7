/* Takes hints off Redis, claims what they name, and hands it to slots. */
#pragma once

#include "worker/worker.h"

/* The dispatcher's thread; returns when the worker drains. */
void dispatch_run(struct worker *worker);

/* Gives rows of a claim or an adoption to slots that were reserved for them. */
typedef struct attempt *dispatch_read_fn(const struct rows *rows, size_t row, struct error *why);
void dispatch_hand_over(struct worker *worker, const struct rows *rows, dispatch_read_fn *read,
                        int64_t claimed_ms);

/* Claims what is ready among these ids, as many as slots are free, and hands it
 * over. *ret_taken: how many of the ids were asked for; the rest found no slot.
 * Any thread. */
bool dispatch_claim(struct worker *worker, const int64_t *ids, size_t count, size_t *ret_taken,
                    struct error *err) MUST_CHECK;
