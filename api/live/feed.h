/* The thread that hears what happened, from Redis or, while that is away, from
 * PostgreSQL, and tells the streams and the parked polls. */
#pragma once

#include "api/api.h"

struct feed *feed_new(struct api *api);
void feed_free(struct feed *feed);

/* Wakes this process's own polls; `event` is as a write function returned it. */
void feed_wake(struct api *api, const json_t *event);
