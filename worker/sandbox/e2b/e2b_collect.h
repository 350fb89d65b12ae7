/* What a run left in its sandbox: the files of the working folder, and a table of its last value.
 */
#pragma once

#include "worker/sandbox/e2b/e2b_execute.h"

/* New and changed plain files of the working folder. */
void e2b_collect_files(struct sandbox *sandbox, struct e2b_events *events);

/* The last value: a table by a second cell, which loads programs of ours; or what came. */
void e2b_collect_value(struct sandbox *sandbox, const struct sandbox_job *job,
                       struct e2b_events *events, bool may_run);

/* The results file of a program of ours. False only when the service is to blame. */
bool e2b_collect_results(struct sandbox *sandbox, const struct remote *remote,
                         const struct sandbox_sink *sink, struct results *io_results);
