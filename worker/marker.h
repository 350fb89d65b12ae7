/* Says of runs that last that they are running: for people to see, and not in the way of a run. */
#pragma once

#include "worker/worker.h"

struct attempt;

/* Room for `runs` at once. */
struct marker *marker_new(size_t runs);
void marker_free(struct marker *marker);

/* Its code has left. It is marked a little later, unless it is over by then: what ends is marked
 * by its end. */
void marker_add(struct marker *marker, const struct attempt *attempt);
/* It is over, or was never added. */
void marker_drop(struct marker *marker, const struct attempt *attempt);

/* The thread's body, until the worker is idle; ring marker_wake for that. */
void marker_run(struct worker *worker);
void marker_wake(struct marker *marker);
