/* Holds so many connections open, half of them event streams and half long polls of one request,
 * until its stdin ends.
 *
 *   hold PORT AUTHORIZATION COUNT REQUEST
 *
 * Prints {"open"} once every stream has greeted and every poll was sent; after that a line
 * {"ended"} for each that was ended by the api. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/bytes.h"

#define PENDING_MAX 100 /* connections that are opened before the first of them has answered */
#define GREETING "retry:"

struct connection {
    int fd;
    bool is_stream;
    bool greeted;
};

struct hold {
    const char *authorization;
    const char *request;
    int port;
    int epoll;
    size_t count;
    size_t open;
    size_t ready;
    bool told;
    struct connection *all;
};

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void allow_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        stop("RLIMIT_NOFILE");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        stop("RLIMIT_NOFILE");
}

static void ask(const struct hold *hold, const struct connection *connection)
{
    struct buffer out = {0};
    if (connection->is_stream)
        buffer_add_text(&out, "GET /api/events");
    else
        buffer_printf(&out, "GET /api/requests/%s?wait=300&until=decision", hold->request);
    buffer_printf(&out, " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\n\r\n",
                  hold->authorization);
    if (send(connection->fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
        stop("send");
    buffer_auto(&out);
}

static void open_next(struct hold *hold)
{
    struct connection *connection = &hold->all[hold->open];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)hold->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connection->is_stream = hold->open++ % 2 == 0;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0)
        stop("connect");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(hold->epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
        stop("epoll_ctl");
    ask(hold, connection);
    hold->ready += !connection->is_stream;
}

static void end(struct hold *hold, struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    if (!hold->told)
        stop("the api ended one before all were open");
    printf("{\"ended\":\"%s\"}\n", connection->is_stream ? "stream" : "poll");
    fflush(stdout);
}

/* A stream's first bytes are its head and its greeting; all that comes later is read away. */
static void hear(struct hold *hold, struct connection *connection)
{
    char bytes[4096];
    ssize_t got = recv(connection->fd, bytes, sizeof bytes - 1, 0);
    if (got < 0 && errno == EINTR)
        return;
    if (got <= 0 || !connection->is_stream) {
        end(hold, connection);
        return;
    }
    bytes[got] = '\0';
    if (connection->greeted || !strstr(bytes, GREETING))
        return;
    connection->greeted = true;
    hold->ready++;
}

/* False when stdin has ended. */
static bool wait_for_some(struct hold *hold)
{
    struct epoll_event events[256];
    int n = epoll_wait(hold->epoll, events, COUNT_OF(events), -1);
    if (n < 0 && errno != EINTR)
        stop("epoll_wait");
    for (int i = 0; i < n; i++) {
        char byte;
        if (events[i].data.ptr)
            hear(hold, events[i].data.ptr);
        else if (read(STDIN_FILENO, &byte, 1) <= 0)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "use: hold PORT AUTHORIZATION COUNT REQUEST\n");
        return 2;
    }
    struct hold hold = {.port = (int)strtol(argv[1], NULL, 10),
                        .authorization = argv[2],
                        .count = (size_t)strtol(argv[3], NULL, 10),
                        .request = argv[4],
                        .epoll = epoll_create1(EPOLL_CLOEXEC)};
    allow_files();
    hold.all = memory_new(hold.count, sizeof *hold.all);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(hold.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &event) != 0)
        stop("stdin");
    do {
        while (hold.open < hold.count && hold.open - hold.ready < PENDING_MAX)
            open_next(&hold);
        if (!hold.told && hold.ready == hold.count) {
            hold.told = true;
            printf("{\"open\":%zu}\n", hold.ready);
            fflush(stdout);
        }
    } while (wait_for_some(&hold));
    return 0;
}
