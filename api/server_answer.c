/* The server's way out: replies to bytes. */
#include <stdlib.h>
#include <sys/socket.h>

#include "api/api.h"
#include "api/server_internal.h"
#include "api/stream.h"
#include "common/base/clock.h"
#include "common/base/fault.h"

#define SLOWEST_READER_BYTES_PER_SECOND 65536
#define STREAM_BLOCK_BYTES 1024
#define DOWNLOAD_BLOCK_BYTES 32768

int server_port(const struct server *server)
{
    return server->port;
}

int64_t server_busy(const struct server *server)
{
    return atomic_load(&server->busy);
}

int64_t server_connections(const struct server *server)
{
    return connections_count(server->connections);
}

void server_sweep(struct server *server)
{
    connections_sweep(server->connections, clock_monotonic_ms());
}

void server_resume(struct exchange *exchange)
{
    MHD_resume_connection(exchange->connection);
}

void server_suspend(struct exchange *exchange)
{
    MHD_suspend_connection(exchange->connection);
}

void server_set_deadline(struct server *server, struct exchange *exchange, int64_t seconds)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    connections_set_deadline(server->connections, info->socket_context,
                             seconds ? clock_monotonic_ms() + seconds * 1000 : 0);
}

static ssize_t read_stream(void *context, uint64_t position, char *data, size_t max)
{
    (void)position;
    ssize_t got = stream_read(context, data, max);
    return got < 0 ? MHD_CONTENT_READER_END_OF_STREAM : got;
}

static void free_stream(void *context)
{
    stream_free(context);
}

static struct MHD_Response *new_response(struct reply *reply)
{
    if (reply->stream) {
        struct stream *stream = TAKE(reply->stream);
        bool endless = stream->length < 0;
        return MHD_create_response_from_callback(
            endless ? MHD_SIZE_UNKNOWN : (uint64_t)stream->length,
            endless ? STREAM_BLOCK_BYTES : DOWNLOAD_BLOCK_BYTES, read_stream, stream, free_stream);
    }
    if (reply->borrowed.data)
        return MHD_create_response_from_buffer(reply->borrowed.len, (void *)reply->borrowed.data,
                                               MHD_RESPMEM_PERSISTENT);
    size_t len = reply->body.len;
    char *data = TAKE(reply->body.data);
    reply->body = (struct buffer){0};
    if (!data)
        return MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
    return MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
}

static int64_t answer_seconds(const struct server *server, const struct reply *reply)
{
    if (reply->stream && reply->stream->length < 0)
        return 0; /* the library's inactivity timeout ends stuck readers of a stream */
    int64_t bytes = reply->stream          ? reply->stream->length
                    : reply->borrowed.data ? (int64_t)reply->borrowed.len
                                           : (int64_t)reply->body.len;
    return server->api->settings.body_seconds + bytes / SLOWEST_READER_BYTES_PER_SECOND;
}

enum MHD_Result server_answer(struct server *server, struct exchange *exchange)
{
    struct reply *reply = &exchange->reply;
    FAULT("api.answer.half");
    server_set_deadline(server, exchange, answer_seconds(server, reply));
    struct MHD_Response *response = new_response(reply);
    if (!response)
        return MHD_NO;
    struct reply_pair pairs[REPLY_ALL_HEADERS_MAX];
    size_t count = reply_all_headers(reply, server->api->tls, pairs);
    enum MHD_Result fine = MHD_YES;
    for (size_t i = 0; i < count && fine == MHD_YES; i++)
        fine = MHD_add_response_header(response, pairs[i].name, pairs[i].value);
    if (fine == MHD_YES)
        fine = MHD_queue_response(exchange->connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return fine;
}

static void send_raw(struct server *server, struct exchange *exchange)
{
    AUTO(buffer) struct buffer out = {0};
    exchange->reply.close = true;
    reply_write_raw(&exchange->reply, server->api->tls, &out);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    /* Nothing else is under way on this socket, so a short answer fits its buffer. */
    ssize_t sent = send(info->connect_fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* a client that is gone needs no answer */
    shutdown(info->connect_fd, SHUT_WR);
}

enum MHD_Result server_refuse(struct server *server, struct exchange *exchange)
{
    const struct framing *framing = &exchange->framing;
    bool body_follows = framing->chunked || framing->content_length > 0;
    bool before_body = exchange->phase == PHASE_HEAD || exchange->phase == PHASE_OPENING;
    bool framed = !exchange->reply.close;
    if (framed && before_body && (!body_follows || framing->expects_continue)) {
        exchange->reply.close |= body_follows;
        return server_answer(server, exchange);
    }
    send_raw(server, exchange);
    exchange->phase = PHASE_REFUSED;
    server_set_deadline(server, exchange, server->api->settings.header_seconds);
    return MHD_YES;
}
