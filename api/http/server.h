/* The listener: turns connections into exchanges and their replies back into
 * bytes. The one home of libmicrohttpd. */
#pragma once

#include <sys/types.h>

#include "api/http/exchange.h"

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

/* Event streams are written straight to their sockets while their connections
 * stay suspended: thousands of them need no thread and none of the library's
 * buffers. Sends the head of the exchange's reply. */
void server_stream_open(struct exchange *exchange, bool tls);
/* How much went out without waiting; -1 when the client is gone. */
ssize_t server_stream_send(struct exchange *exchange, const char *data, size_t len);
bool server_stream_is_heard(struct exchange *exchange); /* false: the client hung up */
/* Ends it: the exchange goes back to its network thread, which closes it. */
void server_stream_close(struct exchange *exchange);
