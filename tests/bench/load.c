/* The load generator: so many keep-alive connections to the api, each with one
 * call under way, for so many seconds or until a list of calls is used up.
 *
 *   load PORT AUTHORIZATION CLIENTS SECONDS submit|batch
 *   load PORT AUTHORIZATION CLIENTS SECONDS lives:AUTHORIZATION   each is approved, too
 *   load PORT AUTHORIZATION CLIENTS SECONDS FILE                  lines of "PATH<tab>BODY"
 *
 * Prints one line of JSON: {"done", "failed", "seconds", "per_second", "p50_ms", "p99_ms"}. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "tests/bench/answer.h"
#include "tests/bench/calls.h"

#define LATENCIES_MAX 4000000

struct client {
    int fd;
    struct buffer out;
    size_t sent;
    struct answer answer;
    int64_t started_us;
    bool follows; /* the call under way follows from the one before */
};

struct load {
    int epoll;
    int port;
    size_t count;
    struct client *clients;
    struct calls calls;
    int64_t ends_us;
    size_t under_way;
    size_t done;
    size_t failed;
    int64_t last_us;
    uint32_t *latencies_us;
};

static void stop(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void client_connect(struct load *load, struct client *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)load->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0)
        stop("connect");
    int on = 1;
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, client->fd, &event) != 0)
        stop("epoll_ctl");
}

/* A call is a few KiB and the connection is idle, so that it goes out in one
 * piece; blocking for the rest is fine where it does not. */
static void client_push(struct load *load, struct client *client)
{
    load->under_way++;
    for (client->sent = 0; client->sent < client->out.len;) {
        ssize_t n = send(client->fd, client->out.data + client->sent,
                         client->out.len - client->sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            stop("send");
        client->sent += n > 0 ? (size_t)n : 0;
    }
}

static void client_send(struct load *load, struct client *client)
{
    buffer_clear(&client->out);
    client->follows = false;
    if (clock_monotonic_us() >= load->ends_us || !calls_next(&load->calls, &client->out))
        return;
    client->started_us = clock_monotonic_us();
    client_push(load, client);
}

/* Sends what follows from the answer; false where nothing does. */
static bool client_follow(struct load *load, struct client *client)
{
    buffer_clear(&client->out);
    if (client->follows || !calls_follow(&load->calls, answer_text(&client->answer), &client->out))
        return false;
    client->follows = true;
    client_push(load, client);
    return true;
}

static void client_answered(struct load *load, struct client *client)
{
    load->under_way--;
    load->last_us = clock_monotonic_us();
    bool good = answer_status(&client->answer) / 100 == 2;
    if (good && client_follow(load, client)) {
        answer_clear(&client->answer);
        return;
    }
    if (good) {
        if (load->done < LATENCIES_MAX)
            load->latencies_us[load->done] = (uint32_t)(load->last_us - client->started_us);
        load->done++;
    } else if (load->failed++ == 0) {
        fprintf(stderr, "load: first failure:\n%s\n", answer_text(&client->answer));
    }
    answer_clear(&client->answer);
    client_send(load, client);
}

static void client_read(struct load *load, struct client *client)
{
    char bytes[16384];
    ssize_t n = recv(client->fd, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0)
        stop("the api closed a connection");
    if (answer_add(&client->answer, bytes, (size_t)n))
        client_answered(load, client);
}

static int latency_compare(const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static double latency_ms(const struct load *load, size_t percent)
{
    size_t count = load->done < LATENCIES_MAX ? load->done : LATENCIES_MAX;
    return count ? load->latencies_us[(count - 1) * percent / 100] / 1000.0 : 0;
}

static void load_run(struct load *load)
{
    for (size_t i = 0; i < load->count; i++)
        client_send(load, &load->clients[i]);
    while (load->under_way > 0) {
        struct epoll_event events[64];
        int n = epoll_wait(load->epoll, events, COUNT_OF(events), 30000);
        if (n == 0 || (n < 0 && errno != EINTR))
            stop(n == 0 ? "no answer for 30 s" : "epoll_wait");
        for (int i = 0; i < n; i++)
            client_read(load, events[i].data.ptr);
    }
}

static void load_print(struct load *load, int64_t began_us)
{
    size_t kept = load->done < LATENCIES_MAX ? load->done : LATENCIES_MAX;
    qsort(load->latencies_us, kept, sizeof *load->latencies_us, latency_compare);
    double seconds = (double)(load->last_us - began_us) / 1e6;
    printf("{\"done\":%zu,\"failed\":%zu,\"seconds\":%.3f,\"per_second\":%.1f,"
           "\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
           load->done, load->failed, seconds, (double)load->done / seconds, latency_ms(load, 50),
           latency_ms(load, 99));
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "use: load PORT AUTHORIZATION CLIENTS SECONDS submit|batch|FILE\n");
        return 2;
    }
    struct load load = {.epoll = epoll_create1(EPOLL_CLOEXEC),
                        .port = (int)strtol(argv[1], NULL, 10),
                        .count = (size_t)strtol(argv[3], NULL, 10),
                        .latencies_us = memory_new(LATENCIES_MAX, sizeof(uint32_t))};
    if (!calls_open(&load.calls, argv[2], argv[5]))
        stop(argv[5]);
    load.clients = memory_new(load.count, sizeof *load.clients);
    for (size_t i = 0; i < load.count; i++)
        client_connect(&load, &load.clients[i]);
    int64_t began_us = clock_monotonic_us();
    load.ends_us = began_us + strtol(argv[4], NULL, 10) * 1000000;
    load_run(&load);
    load_print(&load, began_us);
    return load.failed ? 1 : 0;
}
