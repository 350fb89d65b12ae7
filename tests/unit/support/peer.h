/* The other side of an HTTP call: takes requests one by one and answers whatever a test says. */
#pragma once

#include <pthread.h>

#include "common/base/bytes.h"

struct peer;

/* Answers request number `number` (from 1); false closes the connection. */
typedef bool peer_fn(struct peer *peer, int fd, int number);

struct peer {
    int listener;
    int port;
    char url[64]; /* "http://127.0.0.1:port" */
    peer_fn *answer;
    const void *context; /* the test's */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    int connections;
    int requests;
    int open;           /* connections now */
    struct buffer last; /* newest request */
    bool stopping;
};

void peer_start(struct peer *peer, peer_fn *answer, const void *context);
void peer_stop(struct peer *peer); /* waits for the connections to be closed */

void peer_send(int fd, struct bytes data); /* fails silently: the caller may be gone */
void peer_await_requests(struct peer *peer, int count);
int peer_requests(struct peer *peer);
int peer_connections(struct peer *peer);
/* Is it in the newest request? */
bool peer_saw(struct peer *peer, const char *text);
