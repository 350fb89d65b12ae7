/* The handler threads and their bounded queue: a complete request waits here
 * for a thread with a database connection, which runs straight-line code. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

struct api;
struct exchange;
struct handlers;

/* Starts `count` threads; at most `limit` exchanges wait for one. */
struct handlers *handlers_new(struct api *api, size_t count, size_t limit);
/* Takes nothing more and ends the threads once the queue is empty: no
 * connection waits for a handler afterwards. */
void handlers_close(struct handlers *handlers);
void handlers_free(struct handlers *handlers); /* closed ones */

/* False when the queue is full. On true the exchange belongs to the handlers
 * until they give it back with server_resume. */
bool handlers_offer(struct handlers *handlers, struct exchange *exchange);
/* The same for one that was let in before: woken, or hungry for its next chunk.
 * False only when the handlers are closed. */
bool handlers_put(struct handlers *handlers, struct exchange *exchange) MUST_CHECK;
size_t handlers_waiting(struct handlers *handlers);
