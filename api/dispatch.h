/* What a handler thread does with an exchange: identity, rights, body, route. */
#pragma once

#include <stdbool.h>

struct api;
struct db;
struct exchange;

enum dispatch_outcome {
    DISPATCH_READY,  /* give it back to the server */
    DISPATCH_PARKED, /* it belongs to somebody else now: do not touch it */
};

/* Opens *io_db when it is NULL. */
enum dispatch_outcome dispatch_run(struct api *api, struct db **io_db, struct exchange *exchange);

/* The answer is out, or its client gone: access log, counters, places. Frees
 * the exchange, or lets a handler do so that has to clean up behind it first. */
void dispatch_finished(struct api *api, struct exchange *take_exchange, bool completed);
