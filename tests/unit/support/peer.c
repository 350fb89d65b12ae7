#include "tests/unit/support/peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
    struct peer *peer;
    int fd;
};

static size_t length_of(const char *head)
{
    for (const char *at = strstr(head, "\r\n"); at; at = strstr(at + 2, "\r\n"))
        if (strncasecmp(at + 2, "content-length:", 15) == 0)
            return strtoul(at + 17, NULL, 10);
    return 0;
}

/* One whole request; with chunks when it says no length. */
static bool is_whole(const struct buffer *data)
{
    const char *end = data->len ? strstr(data->data, "\r\n\r\n") : NULL;
    if (!end)
        return false;
    if (strcasestr(data->data, "transfer-encoding: chunked"))
        return data->len >= 5 && memcmp(data->data + data->len - 5, "0\r\n\r\n", 5) == 0;
    return data->len - (size_t)(end + 4 - data->data) >= length_of(data->data);
}

static bool read_request(int fd, struct buffer *data)
{
    char part[4096];
    buffer_clear(data);
    while (!is_whole(data)) {
        ssize_t got = read(fd, part, sizeof part);
        if (got <= 0)
            return false;
        buffer_add(data, part, (size_t)got);
    }
    return true;
}

static void *serve(void *context)
{
    struct connection connection = *(struct connection *)context;
    struct peer *peer = connection.peer;
    struct buffer data = {0};
    free(context);
    for (bool more = true; more && read_request(connection.fd, &data);) {
        pthread_mutex_lock(&peer->lock);
        int number = ++peer->requests;
        buffer_clear(&peer->last);
        buffer_add(&peer->last, data.data, data.len);
        pthread_cond_broadcast(&peer->changed);
        pthread_mutex_unlock(&peer->lock);
        more = peer->answer(peer, connection.fd, number);
    }
    buffer_auto(&data);
    close(connection.fd);
    pthread_mutex_lock(&peer->lock);
    peer->open--;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    return NULL;
}

static void *take(void *context)
{
    struct peer *peer = context;
    for (;;) {
        int fd = accept(peer->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        struct connection *connection = memory_new(1, sizeof *connection);
        *connection = (struct connection){peer, fd};
        pthread_mutex_lock(&peer->lock);
        peer->connections++;
        peer->open++;
        pthread_mutex_unlock(&peer->lock);
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, connection) != 0)
            abort();
        pthread_detach(thread);
    }
}

void peer_start(struct peer *peer, peer_fn *answer, const void *context)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    *peer = (struct peer){.answer = answer, .context = context};
    pthread_mutex_init(&peer->lock, NULL);
    pthread_cond_init(&peer->changed, NULL);
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(peer->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(peer->listener, 64) != 0 ||
        getsockname(peer->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&peer->thread, NULL, take, peer) != 0)
        abort();
    peer->port = ntohs(address.sin_port);
    snprintf(peer->url, sizeof peer->url, "http://127.0.0.1:%d", peer->port);
}

void peer_stop(struct peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    peer->stopping = true;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->lock);
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    pthread_mutex_lock(&peer->lock);
    while (peer->open > 0)
        pthread_cond_wait(&peer->changed, &peer->lock);
    pthread_mutex_unlock(&peer->lock);
    buffer_auto(&peer->last);
}

void peer_send(int fd, struct bytes data)
{
    const char *at = data.data;
    while (data.len > 0) {
        ssize_t done = send(fd, at, data.len, MSG_NOSIGNAL);
        if (done <= 0)
            return;
        at += done;
        data.len -= (size_t)done;
    }
}

void peer_await_requests(struct peer *peer, int count)
{
    pthread_mutex_lock(&peer->lock);
    while (peer->requests < count)
        pthread_cond_wait(&peer->changed, &peer->lock);
    pthread_mutex_unlock(&peer->lock);
}

int peer_requests(struct peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    int count = peer->requests;
    pthread_mutex_unlock(&peer->lock);
    return count;
}

int peer_connections(struct peer *peer)
{
    pthread_mutex_lock(&peer->lock);
    int count = peer->connections;
    pthread_mutex_unlock(&peer->lock);
    return count;
}

bool peer_saw(struct peer *peer, const char *text)
{
    pthread_mutex_lock(&peer->lock);
    bool found = peer->last.data && strstr(peer->last.data, text);
    pthread_mutex_unlock(&peer->lock);
    return found;
}
