/* The capped stream of what runs print, for people who watch. Nothing in it is
 * the truth: what counts is stored with the result. */
#pragma once

#include "common/io/redis.h"

#define REDIS_OUTPUT_KEPT 4096 /* pieces of all runs together */

/* XADD output MAXLEN ~ REDIS_OUTPUT_KEPT * output JSON, all in one go. After a
 * failure nobody knows which arrived. */
bool redis_output_send(struct redis *redis, char *const *pieces, size_t count,
                       struct error *err) MUST_CHECK;

/* XREAD BLOCK after `io_last_id`, which moves on; "0-0" is the oldest that is kept. */
bool redis_output_wait(struct redis *redis, char io_last_id[REDIS_ID_SIZE], int wait_ms,
                       redis_event_fn *each, void *context, struct error *err) MUST_CHECK;
