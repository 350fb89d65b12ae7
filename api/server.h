/* The listener: turns connections into exchanges and their replies back into
 * bytes. The one home of libmicrohttpd. */
#pragma once

#include "api/exchange.h"

struct api;
struct server;

/* Listens at once; server_port says where. */
bool server_new(struct api *api, struct server **ret_server, struct error *err) MUST_CHECK;
/* No new connections from now on. */
void server_close_door(struct server *server);
/* All exchanges must be back, see server_busy. */
void server_free(struct server *server);

int server_port(const struct server *server);
int64_t server_busy(const struct server *server); /* exchanges under way */
int64_t server_connections(const struct server *server);

/* Ends connections whose clients are over their deadline. */
void server_sweep(struct server *server);

/* Gives an exchange back to its network thread, from any thread. */
void server_resume(struct exchange *exchange);
/* From its network thread only: it waits until server_resume. */
void server_suspend(struct exchange *exchange);
