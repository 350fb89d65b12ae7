/* Keeps this worker known and its leases alive, and brings back cancellations. */
#pragma once

#include "worker/worker.h"

/* The heartbeat's thread: introduces the worker, then renews all leases in one
 * call each time, until the worker is idle after a drain. */
void heartbeat_run(struct worker *worker);
