/* One run in a Daytona sandbox: the start, the polls, the results. */
#pragma once

#include "worker/sandbox/daytona/daytona_sandbox.h"

/* As `run` and `resume` of struct sandbox_backend. */
void daytona_run(struct sandbox *sandbox, const struct sandbox_job *job,
                 const struct sandbox_sink *sink, struct sandbox_result *ret_result);
void daytona_resume(struct sandbox *sandbox, const struct sandbox_job *job,
                    const struct sandbox_sink *sink, struct sandbox_result *ret_result);

/* The command of the sandbox's session, into `command`; ABSENT when the session
 * is not there or has none. */
enum daytona_look daytona_find_command(struct sandbox *sandbox, int64_t deadline_ms,
                                       const atomic_bool *cancelled);
