#include "api/http/stream.h"

#include <stdlib.h>
#include <string.h>

#include "api/http/handlers.h"
#include "api/http/server.h"

struct stream *stream_new(struct exchange *exchange, int64_t length)
{
    struct stream *stream = memory_new(1, sizeof *stream);
    pthread_mutex_init(&stream->lock, NULL);
    stream->exchange = exchange;
    stream->length = length;
    return stream;
}

void stream_free(struct stream *stream)
{
    if (!stream)
        return;
    if (stream->release)
        stream->release(stream);
    pthread_mutex_destroy(&stream->lock);
    buffer_auto(&stream->bytes);
    free(stream);
}

/* Called locked, after something changed. The connection can not go away
 * before it is resumed, so the exchange is still there. */
static void wake(struct stream *stream)
{
    if (!stream->waiting)
        return;
    stream->waiting = false;
    server_resume(stream->exchange);
}

void stream_add(struct stream *stream, const char *data, size_t len)
{
    pthread_mutex_lock(&stream->lock);
    buffer_add(&stream->bytes, data, len);
    wake(stream);
    pthread_mutex_unlock(&stream->lock);
}

void stream_end(struct stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->ended = true;
    wake(stream);
    pthread_mutex_unlock(&stream->lock);
}

/* Called locked, with nothing left to send. Suspending under the lock keeps
 * a waker from resuming before we are suspended. */
static void sleep_until_more(struct stream *stream)
{
    stream->waiting = true;
    server_suspend(stream->exchange);
    stream->exchange->job = JOB_FILL;
    stream->exchange->filling = stream;
    if (handlers_put(stream->handlers, stream->exchange))
        return;
    stream->ended = true; /* the process ends, and nobody fills any more */
    wake(stream);
}

ssize_t stream_read(struct stream *stream, char *ret_data, size_t max)
{
    pthread_mutex_lock(&stream->lock);
    size_t left = stream->bytes.len - stream->taken;
    ssize_t got = (ssize_t)(left < max ? left : max);
    if (got > 0) {
        memcpy(ret_data, stream->bytes.data + stream->taken, (size_t)got);
        stream->taken += (size_t)got;
        if ((size_t)got == left) {
            buffer_clear(&stream->bytes);
            stream->taken = 0;
        }
    } else if (stream->ended) {
        got = -1;
    } else {
        sleep_until_more(stream);
    }
    pthread_mutex_unlock(&stream->lock);
    return got;
}
