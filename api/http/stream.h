/* An answer that is too long to be held: a handler adds the next bytes when the
 * network has taken what was there. */
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include "api/http/exchange.h"

struct api;
struct db;

/* Adds the next bytes with stream_add or ends the stream. Runs on a handler. */
typedef void stream_fill_fn(struct stream *stream, struct api *api, struct db **io_db);

struct stream {
    pthread_mutex_t lock;
    struct exchange *exchange;
    struct handlers *handlers; /* where to ask for more */
    stream_fill_fn *fill;
    void (*release)(struct stream *stream); /* the owner's own part, before the memory goes */
    void *owner;
    struct buffer bytes;
    size_t taken;   /* of bytes */
    int64_t length; /* of the whole */
    bool waiting;   /* the connection is suspended until there is more */
    bool ended;
};

struct stream *stream_new(struct exchange *exchange, int64_t length);
void stream_free(struct stream *stream);

void stream_add(struct stream *stream, const char *data, size_t len);
void stream_end(struct stream *stream);

/* For the server: up to `max` bytes, 0 when the connection was suspended, -1
 * at the end. */
ssize_t stream_read(struct stream *stream, char *ret_data, size_t max);
