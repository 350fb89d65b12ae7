/* Makes a Daytona sandbox for a job, up to where only the code is missing. */
#pragma once

#include "worker/sandbox/daytona/daytona_sandbox.h"

#define DAYTONA_ROOT "/tmp" /* can be written in every image */

/* As `create` of struct sandbox_backend. */
bool daytona_create(void *context, const struct sandbox_job *job, struct sandbox **ret_sandbox,
                    struct error *err) MUST_CHECK;
