/* Runs the job in a sandbox of E2B that was made ready, and judges how it ended. */
#pragma once

#include "worker/sandbox/e2b/e2b_internal.h"

void e2b_run(struct sandbox *sandbox, const struct sandbox_job *job,
             const struct sandbox_sink *sink, struct sandbox_result *ret_result);
