/* The calls that came to the played service, the last 20,000 of them, by the wall clock. */
#pragma once

#include "tests/bench/instant_call.h"

#define SEEN_MAX 20000

/* Notes one that begins now; gives its number. */
uint64_t seen_begin(const struct call *call);
void seen_end(uint64_t number, int status);
/* JSON, {"count", "calls": [{role, method, path, status, beganMs, tookMs}]}: those that began after
 * `since_ms`, oldest first, but those of whoever measures. Of one that is not over, tookMs is 0. */
void seen_tell(int64_t since_ms, struct buffer *out);
