#include "api/http/connections.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/bytes.h"

struct connection {
    struct connection *next;
    struct connection **link; /* what points at us */
    int64_t deadline_ms;
    int fd;
};

struct connections {
    pthread_mutex_t lock;
    struct connection *first;
    int64_t count;
};

struct connections *connections_new(void)
{
    struct connections *connections = memory_new(1, sizeof *connections);
    pthread_mutex_init(&connections->lock, NULL);
    return connections;
}

void connections_free(struct connections *connections)
{
    if (!connections)
        return;
    pthread_mutex_destroy(&connections->lock);
    free(connections);
}

struct connection *connections_add(struct connections *connections, int fd, int64_t deadline_ms)
{
    struct connection *connection = memory_new(1, sizeof *connection);
    connection->fd = fd;
    connection->deadline_ms = deadline_ms;
    pthread_mutex_lock(&connections->lock);
    connection->next = connections->first;
    connection->link = &connections->first;
    if (connection->next)
        connection->next->link = &connection->next;
    connections->first = connection;
    connections->count++;
    pthread_mutex_unlock(&connections->lock);
    return connection;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
    pthread_mutex_lock(&connections->lock);
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    connections->count--;
    pthread_mutex_unlock(&connections->lock);
    free(connection);
}

void connections_set_deadline(struct connections *connections, struct connection *connection,
                              int64_t deadline_ms)
{
    pthread_mutex_lock(&connections->lock);
    connection->deadline_ms = deadline_ms;
    pthread_mutex_unlock(&connections->lock);
}

void connections_sweep(struct connections *connections, int64_t now_ms)
{
    pthread_mutex_lock(&connections->lock);
    for (struct connection *at = connections->first; at; at = at->next)
        if (at->deadline_ms && at->deadline_ms <= now_ms) {
            shutdown(at->fd, SHUT_RDWR);
            at->deadline_ms = 0;
        }
    pthread_mutex_unlock(&connections->lock);
}

int64_t connections_count(struct connections *connections)
{
    pthread_mutex_lock(&connections->lock);
    int64_t count = connections->count;
    pthread_mutex_unlock(&connections->lock);
    return count;
}
