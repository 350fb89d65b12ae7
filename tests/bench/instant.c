/* Plays a service that answers at once and runs nothing, so that a measurement of its clients
 * measures them: whatever is run prints 42. Sandboxes end when they are deleted, never by time.
 *
 *   instant e2b|daytona [hold]    hold: what is run goes on until POST /_fake/release
 *   instant e2b log=FILE          appends a line to FILE for each start of code, and obeys that
 *                                 code's first line (instant_e2b_inside.c)
 *
 * Prints one line of JSON with its addresses and what a client needs to come there, and ends with
 * descriptor 0. GET /_fake/calls[?since=MS] tells which calls came, when, and how long they took.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "tests/bench/instant_connection.h"
#include "tests/bench/instant_seen.h"
#include "tests/bench/instant_service.h"

#define CONNECTIONS_MAX 2048 /* one more is closed at once */
#define KEEPALIVE_MS 5000
#define TICK_MS 1000
#define KEEPALIVE "{\"type\":\"keepalive\"}\n"

struct instant {
    int epoll;
    int listeners[2]; /* by role */
    bool over;
    bool untidy; /* some connections are over and still there */
    size_t count;
    struct connections connections;
    struct connection_owner owner;
    struct service service;
};

static void stop(const char *what)
{
    fprintf(stderr, "instant: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- calls ---------------------------------------------------------------------------------- */

static void release_all(struct instant *instant)
{
    struct connection *connection;
    instant->service.round++;
    instant->untidy = true;
    for (connection = LIST_FIRST(&instant->connections); connection;
         connection = LIST_NEXT(connection, all))
        connection_release(connection, &instant->owner);
}

static void cut_all(struct instant *instant, uint64_t serial)
{
    struct connection *connection;
    for (connection = LIST_FIRST(&instant->connections); connection;
         connection = LIST_NEXT(connection, all))
        if (connection->state == CONNECTION_HELD && connection->reply.held_by == serial)
            connection_cut(connection);
}

/* For whoever measures. */
static void steer(struct instant *instant, const struct call *call, struct reply *reply)
{
    if (call_is(call, "GET", "/_fake/calls")) {
        reply->status = 200;
        seen_tell(call_query_number(call, "since", 0, INT64_MAX / 2000), &reply->body);
    } else if (call_is(call, "POST", "/_fake/release")) {
        release_all(instant);
        reply->status = 204;
    } else {
        reply_json(reply, 404, "{}");
    }
}

static void answer(void *context, const struct call *call, struct reply *reply)
{
    struct instant *instant = context;
    struct service *service = &instant->service;
    if (strncmp(call->path, "/_fake/", 7) == 0)
        steer(instant, call, reply);
    else
        service->answers[call->role](service, call, reply);
    if (reply->cuts)
        cut_all(instant, reply->cuts);
}

/* ---- connections ---------------------------------------------------------------------------- */

static void take_connection(struct instant *instant, enum call_role role)
{
    int on = 1;
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    int fd = accept4(instant->listeners[role], (struct sockaddr *)&from, &size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *connection =
        instant->count < CONNECTIONS_MAX ? connection_new(&instant->owner, fd, role) : NULL;
    if (!connection) {
        close(fd);
        return;
    }
    instant->count++;
    LIST_INSERT_HEAD(&instant->connections, connection, all);
}

/* Those that are over, and a sign of life to those that wait. */
static void sweep(struct instant *instant, bool tick)
{
    struct connection *next;
    if (!tick && !instant->untidy)
        return;
    instant->untidy = false;
    for (struct connection *one = LIST_FIRST(&instant->connections); one; one = next) {
        next = LIST_NEXT(one, all);
        if (one->state == CONNECTION_HELD && clock_monotonic_ms() - one->told_ms >= KEEPALIVE_MS)
            connection_keep(one, KEEPALIVE);
        if (one->state != CONNECTION_OVER)
            continue;
        LIST_REMOVE(one, all);
        connection_free(one);
        instant->count--;
    }
}

static void read_input(struct instant *instant)
{
    char bytes[256];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    instant->over = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

static void act_connection(struct instant *instant, struct connection *connection, uint32_t events)
{
    connection_act(connection, &instant->owner, events);
    instant->untidy = instant->untidy || connection->state == CONNECTION_OVER;
}

static void act(struct instant *instant, const struct epoll_event *event)
{
    void *source = event->data.ptr;
    if (source == instant)
        read_input(instant);
    else if (source == &instant->listeners[CALL_API])
        take_connection(instant, CALL_API);
    else if (source == &instant->listeners[CALL_INSIDE])
        take_connection(instant, CALL_INSIDE);
    else
        act_connection(instant, source, event->events);
}

static void serve(struct instant *instant)
{
    int64_t ticked_ms = clock_monotonic_ms();
    while (!instant->over) {
        struct epoll_event events[64];
        int n = epoll_wait(instant->epoll, events, COUNT_OF(events), TICK_MS);
        if (n < 0 && errno != EINTR)
            stop("epoll_wait");
        for (int i = 0; i < n; i++)
            act(instant, &events[i]);
        bool tick = clock_monotonic_ms() - ticked_ms >= TICK_MS;
        sweep(instant, tick);
        ticked_ms = tick ? clock_monotonic_ms() : ticked_ms;
    }
}

/* ---- start ---------------------------------------------------------------------------------- */

static void watch(struct instant *instant, int fd, void *source)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    if (epoll_ctl(instant->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        stop("epoll_ctl");
}

static void open_listener(struct instant *instant, enum call_role role, char ret_url[SERVICE_URL])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        stop("listen");
    instant->listeners[role] = fd;
    watch(instant, fd, &instant->listeners[role]);
    snprintf(ret_url, SERVICE_URL, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

static bool choose(int argc, char **argv, struct service *ret_service)
{
    static const struct service services[] = {
        {.name = "e2b", .answers = {e2b_answer, e2b_inside}, .env = e2b_env},
        {.name = "daytona", .answers = {daytona_answer, daytona_inside}, .env = daytona_env},
    };
    for (size_t i = 0; argc > 1 && i < COUNT_OF(services); i++)
        if (strcmp(argv[1], services[i].name) == 0)
            *ret_service = services[i];
    ret_service->hold = argc == 3 && strcmp(argv[2], "hold") == 0;
    ret_service->log = -1;
    if (argc == 3 && strncmp(argv[2], "log=", 4) == 0 && ret_service->answers[0] == e2b_answer)
        ret_service->log = open(argv[2] + 4, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    return ret_service->name && (argc == 2 || ret_service->hold || ret_service->log >= 0);
}

static void print_start(const struct service *service)
{
    AUTO(buffer) struct buffer env = {0};
    service->env(service, &env);
    printf("{\"service\":\"%s\",\"url\":\"%s\",\"env\":%s}\n", service->name, service->url,
           env.data);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct instant instant;
    struct rlimit files;
    struct error err;
    if (!choose(argc, argv, &instant.service)) {
        fprintf(stderr, "use: instant e2b|daytona [hold|log=FILE]\n");
        return 2;
    }
    if (!crypto_init(&err)) {
        fprintf(stderr, "instant: %s\n", err.text);
        return 1;
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    instant.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (instant.epoll < 0)
        stop("epoll_create1");
    made_init(&instant.service.made);
    instant.owner = (struct connection_owner){instant.epoll, answer, &instant};
    watch(&instant, STDIN_FILENO, &instant);
    open_listener(&instant, CALL_API, instant.service.url);
    open_listener(&instant, CALL_INSIDE, instant.service.inside);
    print_start(&instant.service);
    serve(&instant);
    return 0;
}
