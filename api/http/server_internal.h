/* What the files of the server share: the exchange's way in and its way out. */
#pragma once

#include <stdatomic.h>

#include <microhttpd.h>

#include "api/http/connections.h"
#include "api/http/server.h"

#define BODIES_HELD_MAX INT64_C(268435456) /* bytes of request bodies in memory at once */

struct server {
    struct api *api;
    struct MHD_Daemon *daemon;
    struct connections *connections;
    int port;
    atomic_int_fast64_t busy;
    atomic_int_fast64_t body_bytes; /* reserved for bodies on their way in */
};

/* Queues exchange->reply. */
enum MHD_Result server_answer(struct server *server, struct exchange *exchange);

/* Refuses before or in the middle of a body: the answer goes out at once, and
 * the rest of the body is read and thrown away, so that the client gets to
 * read it instead of a reset. */
enum MHD_Result server_refuse(struct server *server, struct exchange *exchange);

void server_set_deadline(struct server *server, struct exchange *exchange, int64_t seconds);
