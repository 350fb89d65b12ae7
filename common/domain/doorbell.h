/* Rings Redis after a commit, from a thread of its own with a bounded queue:
 * a slow, hung or missing Redis never delays an answer. What is dropped here
 * is found by the worker's sweep. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct doorbell;

struct doorbell *doorbell_new(const char *redis_url, const char *prefix);
void doorbell_free(struct doorbell *doorbell); /* sends what is queued, for 1 s at most */

/* `queue`: "queue:draft", "queue:review" or "queue:run:<backend>". */
void doorbell_ring(struct doorbell *doorbell, const char *queue, int64_t id);
/* `json`: the event object a write function returned under "event". */
void doorbell_announce(struct doorbell *doorbell, const char *json);

size_t doorbell_dropped(const struct doorbell *doorbell); /* for /metrics */
