/* The server's way out: replies to bytes. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "api/api.h"
#include "api/http/server_internal.h"
#include "api/http/stream.h"
#include "common/base/clock.h"
#include "common/base/fault.h"

/* Thousands may listen and not read: the kernel would keep megabytes for each. */
#define STREAM_SOCKET_BYTES 65536
#define SLOWEST_READER_BYTES_PER_SECOND 65536
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
        return MHD_create_response_from_callback((uint64_t)stream->length, DOWNLOAD_BLOCK_BYTES,
                                                 read_stream, stream, free_stream);
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
    int64_t bytes = reply->stream          ? reply->stream->length
                    : reply->borrowed.data ? (int64_t)reply->borrowed.len
                                           : (int64_t)reply->body.len;
    return server->api->settings.body_seconds + bytes / SLOWEST_READER_BYTES_PER_SECOND;
}

enum MHD_Result server_answer(struct server *server, struct exchange *exchange)
{
    struct reply *reply = &exchange->reply;
    FAULT("api.answer.half");
    /* The library reads chunks more kindly than others may: nothing is read behind them. */
    reply->close |= exchange->framing.chunked;
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

static int socket_of(const struct exchange *exchange)
{
    return MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
        ->connect_fd;
}

void server_stream_open(struct exchange *exchange, bool tls)
{
    AUTO(buffer) struct buffer head = {0};
    const int most = STREAM_SOCKET_BYTES;
    setsockopt(socket_of(exchange), SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
    exchange->reply.close = true;
    reply_write_head(&exchange->reply, tls, &head);
    buffer_add_text(&head, "\r\n");
    /* The socket's buffer is empty; a client that is gone shows with the first event. */
    ssize_t sent = send(socket_of(exchange), head.data, head.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent;
}

ssize_t server_stream_send(struct exchange *exchange, const char *data, size_t len)
{
    ssize_t sent = send(socket_of(exchange), data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : sent;
}

bool server_stream_is_heard(struct exchange *exchange)
{
    char byte;
    ssize_t got = recv(socket_of(exchange), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

void server_stream_close(struct exchange *exchange)
{
    shutdown(socket_of(exchange), SHUT_WR);
    exchange->phase = PHASE_STREAMED;
    MHD_resume_connection(exchange->connection);
}

static void send_raw(struct server *server, struct exchange *exchange)
{
    AUTO(buffer) struct buffer out = {0};
    exchange->reply.close = true;
    reply_write_raw(&exchange->reply, server->api->tls, &out);
    /* Nothing else is under way on this socket, so a short answer fits its buffer. */
    ssize_t sent = send(socket_of(exchange), out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* a client that is gone needs no answer */
    shutdown(socket_of(exchange), SHUT_WR);
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
