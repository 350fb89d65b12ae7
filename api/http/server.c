#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api.h"
#include "api/dispatch.h"
#include "api/http/handlers.h"
#include "api/meters.h"
#include "api/http/router.h"
#include "api/http/server_internal.h"
#include "api/requests/upload.h"
#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/log.h"

#define HEADERS_MAX 100
#define HEADER_POOL_BYTES 16384
#define UPLOAD_PIECE_BYTES 1048576
#define IGNORED_BODY_BYTES 1024 /* some clients send one with a DELETE */

struct header_list {
    struct header items[HEADERS_MAX];
    size_t count;
    bool too_many;
};

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    struct header_list *list = context;
    if (list->count == HEADERS_MAX) {
        list->too_many = true;
        return MHD_NO;
    }
    list->items[list->count++] =
        (struct header){name, value ? value : "", name_len, value ? value_len : 0};
    return MHD_YES;
}

/* The texts stay where the library has them: as long as the request lives. */
static bool read_head(struct exchange *exchange, const char *method, const char *version,
                      struct error *err)
{
    struct header_list list;
    list.count = 0;
    list.too_many = false;
    MHD_get_connection_values_n(exchange->connection, MHD_HEADER_KIND, add_header, &list);
    if (list.too_many)
        return fail(err, ERR_HEADERS_TOO_LARGE, "more than %d headers", HEADERS_MAX);
    exchange->headers = memory_new(list.count + 1, sizeof *exchange->headers);
    memcpy(exchange->headers, list.items, list.count * sizeof list.items[0]);
    exchange->head = (struct head){method, version, exchange->headers, list.count};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return framing_check_lines(&exchange->head, method + info->header_size, err) &&
           framing_check(&exchange->head, &exchange->framing, err);
}

static bool find_route(struct exchange *exchange, struct error *err)
{
    if (!uri_parse(exchange->target, &exchange->uri, err))
        return false;
    if (!router_find(exchange->framing.method, exchange->uri.path, &exchange->route, exchange->ids,
                     err)) {
        AUTO(buffer) struct buffer allow = {0};
        router_allow(exchange->uri.path, &allow);
        if (err->code == ERR_METHOD)
            reply_add_header(&exchange->reply, "Allow", allow.data);
        return false;
    }
    return uri_check_query(&exchange->uri, exchange->route->query, err);
}

static bool check_body_size(struct server *server, struct exchange *exchange, struct error *err)
{
    const struct settings *settings = &server->api->settings;
    const struct route *route = exchange->route;
    const struct framing *framing = &exchange->framing;
    bool has_body = framing->chunked || framing->content_length > 0;
    if (route->body == BODY_NONE && has_body && route->method != METHOD_DELETE)
        return fail(err, ERR_BAD_REQUEST, "this takes no body");
    if (route->body == BODY_NONE && !has_body)
        return true;
    exchange->body_limit = route->body == BODY_UPLOAD ? settings->max_upload_bytes
                           : route->body == BODY_NONE ? IGNORED_BODY_BYTES
                           : route->body_limit        ? route->body_limit
                                                      : settings->max_body_bytes;
    if (route->body == BODY_UPLOAD)
        exchange->body_limit += UPLOAD_ENVELOPE_BYTES;
    if (route->body == BODY_UPLOAD && framing->chunked)
        return fail(err, ERR_LENGTH_REQUIRED, "an upload needs its Content-Length");
    if (framing->content_length > exchange->body_limit)
        return fail(err, ERR_TOO_LARGE, "the body is larger than %lld bytes",
                    (long long)exchange->body_limit);
    return true;
}

/* What the body may hold in memory is reserved before it is read. */
static bool reserve_body(struct server *server, struct exchange *exchange, struct error *err)
{
    if (exchange->route->body == BODY_NONE)
        return true;
    int64_t most =
        exchange->framing.chunked ? exchange->body_limit : exchange->framing.content_length;
    if (exchange->route->body == BODY_UPLOAD && most > 2 * UPLOAD_PIECE_BYTES)
        most = 2 * UPLOAD_PIECE_BYTES;
    if (atomic_fetch_add(&server->body_bytes, most) + most > BODIES_HELD_MAX) {
        atomic_fetch_sub(&server->body_bytes, most);
        return fail(err, ERR_UNAVAILABLE, "too many bodies are on their way in");
    }
    exchange->body_reserved = most;
    return true;
}

/* To the handlers, with the connection suspended until they are through. */
static enum MHD_Result hand_over(struct server *server, struct exchange *exchange,
                                 enum exchange_phase phase, enum exchange_job job)
{
    exchange->phase = phase;
    exchange->job = job;
    server_set_deadline(server, exchange, 0);
    server_suspend(exchange);
    if (!handlers_offer(server->api->handlers, exchange)) {
        struct error err = {0};
        fail(&err, ERR_UNAVAILABLE, "too many requests wait");
        reply_error(&exchange->reply, &err);
        server_resume(exchange);
    }
    return MHD_YES;
}

static enum MHD_Result begin(struct server *server, struct exchange *exchange, const char *method,
                             const char *version)
{
    struct error err = {0};
    bool framed = read_head(exchange, method, version, &err);
    /* Where the version does not follow the target at once, a NUL byte hid something. */
    if (framed && version != exchange->raw_target + strlen(exchange->target) + 1)
        framed = fail(&err, ERR_BAD_REQUEST, "the request line is malformed");
    if (!framed || !find_route(exchange, &err) || !check_body_size(server, exchange, &err) ||
        !reserve_body(server, exchange, &err)) {
        exchange->reply.close = !framed;
        reply_error(&exchange->reply, &err);
        return server_refuse(server, exchange);
    }
    server_set_deadline(server, exchange, server->api->settings.body_seconds);
    FAULT("api.body.before");
    exchange->phase = PHASE_BODY;
    if (exchange->route->body == BODY_UPLOAD)
        return hand_over(server, exchange, PHASE_OPENING, JOB_OPEN);
    return MHD_YES;
}

static enum MHD_Result take_body(struct server *server, struct exchange *exchange, const char *data,
                                 size_t *size)
{
    if (exchange->reply.status)
        return server_refuse(server, exchange);
    size_t len = *size;
    exchange->body_seen += (int64_t)len;
    if (exchange->body_seen > exchange->body_limit) {
        struct error err = {0};
        fail(&err, ERR_TOO_LARGE, "the body is larger than %lld bytes",
             (long long)exchange->body_limit);
        reply_error(&exchange->reply, &err);
        *size = 0;
        return server_refuse(server, exchange);
    }
    buffer_add(&exchange->body, data, len);
    FAULT("api.body.half");
    *size = 0;
    if (exchange->route->body == BODY_UPLOAD && exchange->body.len >= UPLOAD_PIECE_BYTES)
        return hand_over(server, exchange, PHASE_STORING, JOB_STORE);
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **io_exchange)
{
    (void)url;
    struct server *server = context;
    struct exchange *exchange = *io_exchange;
    exchange->connection = connection;
    switch (exchange->phase) {
    case PHASE_HEAD:
        return begin(server, exchange, method, version);
    case PHASE_OPENING:
        if (exchange->reply.status)
            return server_refuse(server, exchange);
        exchange->phase = PHASE_BODY;
        server_set_deadline(server, exchange, server->api->settings.body_seconds);
        return MHD_YES;
    case PHASE_STORING:
        exchange->phase = PHASE_BODY;
        server_set_deadline(server, exchange, server->api->settings.body_seconds);
        __attribute__((fallthrough));
    case PHASE_BODY:
        if (*size > 0)
            return take_body(server, exchange, data, size);
        if (exchange->reply.status)
            return server_answer(server, exchange);
        return hand_over(server, exchange, PHASE_HANDLING, JOB_HANDLE);
    case PHASE_HANDLING:
        return server_answer(server, exchange);
    case PHASE_STREAMED:
        return MHD_NO;
    case PHASE_REFUSED:
        break;
    }
    bool more = *size > 0;
    *size = 0;
    return more ? MHD_YES : MHD_NO;
}

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct server *server = context;
    struct exchange *exchange = exchange_new(target);
    exchange->connection = connection;
    exchange->raw_target = target;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info->client_addr;
    const void *place = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    inet_ntop(address->sa_family, place, exchange->peer, sizeof exchange->peer);
    memcpy(exchange->address, exchange->peer, sizeof exchange->address);
    atomic_fetch_add(&server->busy, 1);
    return exchange;
}

static void on_done(void *context, struct MHD_Connection *connection, void **io_exchange,
                    enum MHD_RequestTerminationCode code)
{
    (void)connection;
    struct server *server = context;
    struct exchange *exchange = *io_exchange;
    if (!exchange)
        return;
    const struct settings *settings = &server->api->settings;
    server_set_deadline(server, exchange, settings->idle_seconds + settings->header_seconds);
    atomic_fetch_sub(&server->body_bytes, exchange->body_reserved);
    atomic_fetch_sub(&server->busy, 1);
    dispatch_finished(server->api, exchange, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *io_exchange = NULL;
}

static void on_socket(void *context, struct MHD_Connection *connection, void **io_entry,
                      enum MHD_ConnectionNotificationCode code)
{
    struct server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connections_remove(server->connections, *io_entry);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int64_t deadline = clock_monotonic_ms() + server->api->settings.header_seconds * 1000;
    *io_entry = connections_add(server->connections, info->connect_fd, deadline);
}

/* Escapes are ours to read (api/http/uri.c): the library would cut the path at %00. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static bool listen_address(const struct settings *settings, struct sockaddr_storage *ret_address,
                           struct error *err)
{
    struct sockaddr_in *v4 = (void *)ret_address;
    struct sockaddr_in6 *v6 = (void *)ret_address;
    memset(ret_address, 0, sizeof *ret_address);
    if (inet_pton(AF_INET, settings->api_bind, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)settings->api_port);
        return true;
    }
    if (inet_pton(AF_INET6, settings->api_bind, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)settings->api_port);
        return true;
    }
    return fail(err, ERR_BAD_REQUEST, "API_BIND must be an address, not %s", settings->api_bind);
}

static void start_daemon(struct server *server, const struct sockaddr *address)
{
    const struct settings *settings = &server->api->settings;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     (address->sa_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    unsigned threads = (unsigned)settings->api_threads;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, address,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_COMPLETED, on_done,
        server, MHD_OPTION_NOTIFY_CONNECTION, on_socket, server, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_POOL_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)settings->max_connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)settings->max_connections_per_address,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)settings->idle_seconds,
        MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u,
        /* A pool of one thread is not a pool: the library wants 0 then. */
        MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0u, MHD_OPTION_END);
}

bool server_new(struct api *api, struct server **ret_server, struct error *err)
{
    struct sockaddr_storage address;
    if (!listen_address(&api->settings, &address, err))
        return false;
    struct server *server = memory_new(1, sizeof *server);
    server->api = api;
    server->connections = connections_new();
    start_daemon(server, (const struct sockaddr *)&address);
    if (!server->daemon) {
        server_free(server);
        return fail(err, ERR_UNAVAILABLE, "%s port %lld can not be listened on",
                    api->settings.api_bind, (long long)api->settings.api_port);
    }
    server->port = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    *ret_server = server;
    return true;
}

void server_close_door(struct server *server)
{
    int fd = MHD_quiesce_daemon(server->daemon);
    if (fd >= 0)
        close(fd);
}

void server_free(struct server *server)
{
    if (!server)
        return;
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    connections_free(server->connections);
    free(server);
}
