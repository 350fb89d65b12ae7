#include "tests/bench/instant_connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/bench/instant_seen.h"

#define IN_MAX (CALL_BODY_MAX + 2 * CALL_HEAD_MAX)
#define CHUNK_LINE 32

enum progress { MORE, WHOLE, BAD };

/* ---- its life ------------------------------------------------------------------------------- */

static void watch(struct connection *connection, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (connection->events == events)
        return;
    connection->events = events;
    if (epoll_ctl(connection->epoll, EPOLL_CTL_MOD, connection->fd, &event) != 0)
        connection_cut(connection);
}

struct connection *connection_new(const struct connection_owner *owner, int fd, enum call_role role)
{
    struct connection *connection = memory_new(1, sizeof *connection);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    connection->fd = fd;
    connection->epoll = owner->epoll;
    connection->role = role;
    connection->events = EPOLLIN;
    if (epoll_ctl(owner->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
        return connection;
    connection_free(connection);
    return NULL;
}

void connection_free(struct connection *connection)
{
    if (!connection)
        return;
    connection_cut(connection);
    buffer_auto(&connection->in);
    buffer_auto(&connection->body);
    buffer_auto(&connection->out);
    reply_free(&connection->reply);
    free(connection);
}

void connection_cut(struct connection *connection)
{
    if (connection->fd >= 0)
        close(connection->fd);
    connection->fd = -1;
    connection->state = CONNECTION_OVER;
}

/* ---- out ------------------------------------------------------------------------------------ */

/* False while something is left. */
static bool send_out(struct connection *connection)
{
    connection->told_ms = clock_monotonic_ms();
    while (connection->sent < connection->out.len) {
        ssize_t n = send(connection->fd, connection->out.data + connection->sent,
                         connection->out.len - connection->sent, MSG_NOSIGNAL);
        if (n >= 0)
            connection->sent += (size_t)n;
        else if (errno == EAGAIN)
            return false;
        else if (errno != EINTR) {
            connection_cut(connection);
            return false;
        }
    }
    buffer_clear(&connection->out);
    connection->sent = 0;
    return true;
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{200, "OK"},         {201, "Created"},     {202, "Accepted"},
                   {204, "No Content"}, {400, "Bad Request"}, {401, "Unauthorized"},
                   {403, "Forbidden"},  {404, "Not Found"},   {409, "Conflict"}};
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Other";
}

static void add_head(struct connection *connection)
{
    const struct reply *reply = &connection->reply;
    struct buffer *out = &connection->out;
    buffer_printf(out, "HTTP/1.1 %d %s\r\n", reply->status, reason_of(reply->status));
    if (reply->status != 204)
        buffer_printf(out, "Content-Type: %s\r\n", reply->type ? reply->type : "application/json");
    if (reply->header[0])
        buffer_printf(out, "%s\r\n", reply->header);
    if (connection->call.closes)
        buffer_add_text(out, "Connection: close\r\n");
    if (reply->streams)
        buffer_add_text(out, "Transfer-Encoding: chunked\r\n");
    else if (reply->status != 204)
        buffer_printf(out, "Content-Length: %zu\r\n", reply->body.len + reply->rest.len);
    buffer_add_text(out, "\r\n");
}

static void add_all(struct buffer *out, const struct buffer *text)
{
    buffer_add(out, text->data, text->len);
}

/* What the client got is whole; the next request may come. */
static void finish(struct connection *connection)
{
    seen_end(connection->seen, connection->reply.status);
    reply_clear(&connection->reply);
    buffer_clear(&connection->body);
    connection->has_head = false;
    connection->state = CONNECTION_READING;
    if (connection->call.closes)
        connection_cut(connection);
    else
        watch(connection, EPOLLIN);
}

static void send_last(struct connection *connection)
{
    connection->state = CONNECTION_WRITING;
    if (send_out(connection))
        finish(connection);
    else if (connection->state == CONNECTION_WRITING)
        watch(connection, EPOLLOUT);
}

static void begin_answer(struct connection *connection)
{
    const struct reply *reply = &connection->reply;
    if (!reply->held_by || reply->streams) {
        add_head(connection);
        add_all(&connection->out, &reply->body);
    }
    if (reply->held_by) {
        connection->state = CONNECTION_HELD;
        (void)!send_out(connection); /* little, on an idle connection; the rest follows later */
        return;
    }
    add_all(&connection->out, &reply->rest);
    send_last(connection);
}

static void refuse(struct connection *connection, int status)
{
    connection->call = (struct call){.role = connection->role, .method = "", .path = ""};
    connection->call.closes = true;
    connection->seen = seen_begin(&connection->call);
    reply_json(&connection->reply, status, "{\"code\":%d,\"message\":\"no whole request\"}",
               status);
    begin_answer(connection);
}

/* ---- in ------------------------------------------------------------------------------------- */

static enum progress read_head(struct connection *connection)
{
    const char *start = connection->in.data + connection->at;
    size_t left = connection->in.len - connection->at;
    const char *end = left ? memmem(start, left, "\r\n\r\n", 4) : NULL;
    size_t len = end ? (size_t)(end - start) + 4 : left;
    if (len > CALL_HEAD_MAX)
        return BAD;
    if (!end)
        return MORE;
    memcpy(connection->head, start, len);
    connection->head[len] = '\0';
    connection->at += len;
    if (!call_parse(connection->head, len, &connection->call))
        return BAD;
    connection->call.role = connection->role;
    connection->has_head = true;
    connection->seen = seen_begin(&connection->call);
    if (connection->call.headers[CALL_EXPECT] && connection->at == connection->in.len)
        buffer_add_text(&connection->out, "HTTP/1.1 100 Continue\r\n\r\n");
    if (connection->out.len > 0)
        (void)!send_out(connection);
    return connection->state == CONNECTION_OVER ? BAD : WHOLE;
}

/* One chunk; its end is the end of all when it is empty. */
static enum progress read_chunk(struct connection *connection, bool *ret_last)
{
    const char *start = connection->in.data + connection->at;
    size_t left = connection->in.len - connection->at;
    const char *end = left ? memmem(start, left < CHUNK_LINE ? left : CHUNK_LINE, "\r\n", 2) : NULL;
    if (!end)
        return left < CHUNK_LINE ? MORE : BAD;
    size_t digits = strspn(start, "0123456789abcdefABCDEF");
    if (digits == 0 || digits > 7 || start + digits != end)
        return BAD;
    size_t size = strtoul(start, NULL, 16), head = digits + 2;
    if (connection->body.len + size > CALL_BODY_MAX)
        return BAD;
    if (left < head + size + 2)
        return MORE;
    if (memcmp(start + head + size, "\r\n", 2) != 0)
        return BAD;
    buffer_add(&connection->body, start + head, size);
    connection->at += head + size + 2;
    *ret_last = size == 0;
    return WHOLE;
}

static enum progress read_body(struct connection *connection)
{
    struct call *call = &connection->call;
    enum progress progress = WHOLE;
    if (call->chunked) {
        bool last = false;
        while (progress == WHOLE && !last)
            progress = read_chunk(connection, &last);
        call->body = buffer_bytes(&connection->body);
        return progress;
    }
    if (call->length > CALL_BODY_MAX)
        return BAD;
    if (connection->in.len - connection->at < call->length)
        return MORE;
    call->body = (struct bytes){connection->in.data + connection->at, call->length};
    connection->at += call->length;
    return WHOLE;
}

static void drop_used(struct connection *connection)
{
    struct buffer *in = &connection->in;
    if (connection->at == 0)
        return;
    memmove(in->data, in->data + connection->at, in->len - connection->at);
    in->len -= connection->at;
    in->data[in->len] = '\0';
    connection->at = 0;
}

/* True when a request was answered and another may be there already. */
static bool take_one(struct connection *connection, const struct connection_owner *owner)
{
    enum progress progress = connection->has_head ? WHOLE : read_head(connection);
    if (progress == WHOLE)
        progress = read_body(connection);
    if (progress == WHOLE) {
        owner->answer(owner->context, &connection->call, &connection->reply);
        begin_answer(connection);
    } else if (progress == BAD && connection->state == CONNECTION_READING) {
        refuse(connection, 400);
    }
    drop_used(connection);
    return progress == WHOLE;
}

static void take_all(struct connection *connection, const struct connection_owner *owner)
{
    while (connection->state == CONNECTION_READING && take_one(connection, owner))
        ;
}

static void receive(struct connection *connection)
{
    static char bytes[65536];
    ssize_t n = recv(connection->fd, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0 || connection->in.len + (size_t)n > IN_MAX)
        connection_cut(connection);
    else
        buffer_add(&connection->in, bytes, (size_t)n);
}

void connection_act(struct connection *connection, const struct connection_owner *owner,
                    uint32_t events)
{
    if (connection->state == CONNECTION_OVER)
        return;
    if (connection->state == CONNECTION_WRITING)
        send_last(connection);
    else if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        receive(connection);
    take_all(connection, owner);
}

/* ---- what waits ----------------------------------------------------------------------------- */

void connection_release(struct connection *connection, const struct connection_owner *owner)
{
    struct reply *reply = &connection->reply;
    if (connection->state != CONNECTION_HELD)
        return;
    if (!reply->streams) {
        add_head(connection);
        add_all(&connection->out, &reply->body);
    }
    add_all(&connection->out, &reply->rest);
    send_last(connection);
    take_all(connection, owner);
}

void connection_keep(struct connection *connection, const char *text)
{
    if (connection->state != CONNECTION_HELD || !connection->reply.streams)
        return;
    reply_chunk(&connection->out, text);
    (void)!send_out(connection);
}
