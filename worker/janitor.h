/* Removes sandboxes at services that no attempt owns any more: each one costs money. */
#pragma once

#include "worker/worker.h"

/* The janitor's thread: once when the worker is known, then every JANITOR_SECONDS,
 * until the worker drains. */
void janitor_run(struct worker *worker);
