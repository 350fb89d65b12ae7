/* Every open socket with the moment by which its client must have moved on.
 * The HTTP library's own timeout only counts inactivity: one byte a second
 * would keep a connection for ever. */
#pragma once

#include <stdint.h>

struct connections;
struct connection;

struct connections *connections_new(void);
void connections_free(struct connections *connections);

/* `deadline_ms` is monotonic, 0 for none. */
struct connection *connections_add(struct connections *connections, int fd, int64_t deadline_ms);
/* Before the socket is closed, so that its number is not somebody else's yet. */
void connections_remove(struct connections *connections, struct connection *connection);
void connections_set_deadline(struct connections *connections, struct connection *connection,
                              int64_t deadline_ms);

/* Shuts down what is over its deadline; its thread then sees the end. */
void connections_sweep(struct connections *connections, int64_t now_ms);
int64_t connections_count(struct connections *connections);
