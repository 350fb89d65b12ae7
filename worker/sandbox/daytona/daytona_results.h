/* Fetches the results file that a run left in a Daytona sandbox. */
#pragma once

#include "worker/sandbox/daytona/daytona_follow.h"

/* What was taken of it is in `results`; nothing, when the run left none. Sets
 * `stop` when it can not be had. */
void daytona_results(struct daytona_run *run);
