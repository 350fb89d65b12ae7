/* What runs print, from the stream that workers write into Redis to the people
 * who watch: a thread that reads it, and the streams of one request's output. */
#pragma once

#include "api/api.h"

struct outputs *outputs_new(struct api *api);
void outputs_free(struct outputs *outputs);

/* Makes the reply of a stream of what the request's run prints: first what is
 * still known of it, behind Last-Event-ID, then what comes. */
bool outputs_open(struct call *call, int64_t request_id, struct error *err) MUST_CHECK;

/* Something was announced about a request: when its run is over, so are these streams. */
void outputs_announce(struct outputs *outputs, const json_t *event);
