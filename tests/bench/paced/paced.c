/* Makes calls one at a time, when it is told to, over one keep-alive connection: a client that adds
 * next to nothing to what it measures.
 *
 *   paced PORT AUTHORIZATION
 *
 * Each line of "METHOD PATH<tab>BODY" on stdin is one call; each gives one line of JSON:
 * {"status", "sent_us", "answered_us", "answered_wall_us"}; the first two by the clock that never
 * jumps. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "tests/bench/answer.h"

static _Noreturn void stop(const char *what)
{
    fprintf(stderr, "paced: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int dial(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        stop("connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void send_all(int fd, const struct buffer *out)
{
    for (size_t sent = 0; sent < out->len;) {
        ssize_t n = send(fd, out->data + sent, out->len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            stop("send");
        sent += n > 0 ? (size_t)n : 0;
    }
}

/* False when the api closed the connection. */
static bool read_answer(int fd, struct answer *answer)
{
    char bytes[16384];
    for (;;) {
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        if (answer_add(answer, bytes, (size_t)n))
            return true;
    }
}

static void print_answer(const struct answer *answer, int64_t sent_us)
{
    struct timespec wall;
    int64_t answered_us = clock_monotonic_us();
    clock_gettime(CLOCK_REALTIME, &wall);
    printf("{\"status\":%d,\"sent_us\":%lld,\"answered_us\":%lld,\"answered_wall_us\":%lld}\n",
           answer_status(answer), (long long)sent_us, (long long)answered_us,
           (long long)wall.tv_sec * 1000000 + wall.tv_nsec / 1000);
    if (answer_status(answer) / 100 != 2)
        fprintf(stderr, "paced: %s\n", answer_text(answer));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t size = 0;
    if (argc != 3) {
        fprintf(stderr, "use: paced PORT AUTHORIZATION\n");
        return 2;
    }
    int fd = dial((int)strtol(argv[1], NULL, 10));
    struct answer answer = {0};
    struct buffer out = {0};
    while (getline(&line, &size, stdin) > 0) {
        char *tab = strchr(line, '\t');
        if (!tab)
            stop("a line without a tab");
        *tab = '\0';
        tab[1 + strcspn(tab + 1, "\n")] = '\0';
        buffer_clear(&out);
        buffer_printf(&out,
                      "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\n"
                      "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                      line, argv[2], strlen(tab + 1), tab + 1);
        int64_t sent_us = clock_monotonic_us();
        send_all(fd, &out);
        if (!read_answer(fd, &answer))
            stop("the api closed the connection");
        print_answer(&answer, sent_us);
        answer_clear(&answer);
    }
    close(fd);
    free(line);
    return 0;
}
