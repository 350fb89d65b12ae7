/* Puts files into a Daytona sandbox, all in one form, and checks that all of each arrived. */
#pragma once

#include "worker/sandbox/daytona/daytona_sandbox.h"
#include "worker/sandbox/remote.h"

/* Programs, manifest and inputs; or, with `code`, the code alone. Sent again
 * while there is time: the folder is the attempt's own. ERR_TOO_LARGE: the
 * service takes no form of this size. */
bool daytona_upload(struct sandbox *sandbox, const struct remote *remote, bool code,
                    const atomic_bool *cancelled, struct error *err) MUST_CHECK;
