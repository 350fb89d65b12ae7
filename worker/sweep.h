/* Finds in PostgreSQL what no hint told of: ready attempts, ended deadlines,
 * lost leases, dead workers. */
#pragma once

#include "worker/worker.h"

/* The sweeper's thread; returns when the worker drains. */
void sweep_run(struct worker *worker);
