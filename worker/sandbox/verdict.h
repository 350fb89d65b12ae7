/* What the end of a run means, wherever it ran: told from inside, or only by an exit code. */
#pragma once

#include "worker/sandbox/results.h"

void verdict_set(struct sandbox_result *result, enum sandbox_outcome outcome, const char *reason);

/* It ended by itself and told so. Sets outcome, reason, exit code and error. */
void verdict_told(struct sandbox_result *result, const struct results_end *end);

/* It ended without a word from inside; a signal shows as 128 + n in the code,
 * which is 0 to 255. Sets outcome, reason, exit code and signal. */
void verdict_silent(struct sandbox_result *result, int code);
