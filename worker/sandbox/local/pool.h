/* Warm sandboxes: booted, imports done, waiting for their one frame. */
#pragma once

#include "worker/sandbox/local/cell.h"

#define POOL_MAX 16
/* Less memory than this would not hold what a warm one has imported. */
#define POOL_MEMORY_MIN (INT64_C(192) << 20)

struct pool;

/* Keeps `size` of them (0 to POOL_MAX) once pool_fill was called. Starts no thread. */
struct pool *pool_new(struct launcher *launcher, int64_t size, int64_t lease_ms);
void pool_free(struct pool *pool); /* NULL is fine */

/* Takes one out for good and gives it the job's limits. False when none is
 * ready, or none that can take these limits. Any thread. */
bool pool_take(struct pool *pool, const struct launcher_limits *limits, struct cell *ret_cell);

/* From one thread, again and again: starts missing ones, sees which are ready
 * or dead, keeps them alive. Returns when something happened, after pool_wake,
 * or after `wait_ms`. */
void pool_tend(struct pool *pool, bool fill, int wait_ms);
void pool_wake(struct pool *pool); /* any thread */
int64_t pool_ready(struct pool *pool);
