/* Shows people what a run prints while it runs: pieces go to Redis from a thread
 * of its own. Never fails: what does not fit is dropped, oldest first, and what
 * counts is stored with the result. */
#pragma once

#include "worker/live_text.h"

struct live;
struct live_run; /* one run; calls come from one thread */

/* `redis_url` "": nobody can watch, and nothing is kept. */
struct live *live_new(const char *redis_url, const char *prefix);
void live_free(struct live *live); /* no run is left; sends what waits, for 1 s at most */

struct live_about {
    int64_t request_id;
    int64_t attempt_id;
    int64_t fence;
};

struct live_run *live_begin(struct live *live, struct live_about about);
void live_say(struct live_run *run, enum sandbox_stream stream, struct bytes chunk);
/* Its rest is sent, but of a few hundred runs while Redis is away. Waits for that, for a quarter
 * of a second at most and not while Redis is away: then its end is told behind its text. NULL is
 * fine. */
void live_end(struct live_run *take_run);
