/* One client's connection to the played service: requests in, answers out, one after another. */
#pragma once

#include <sys/queue.h>

#include "tests/bench/instant_call.h"
#include "tests/bench/instant_reply.h"

enum connection_state {
    CONNECTION_READING,
    CONNECTION_HELD,    /* its answer waits for the end of what it started */
    CONNECTION_WRITING, /* the client takes its time */
    CONNECTION_OVER
};

struct connection {
    int fd;
    int epoll;
    uint32_t events; /* that epoll watches */
    enum connection_state state;
    enum call_role role;
    char head[CALL_HEAD_MAX + 1];
    bool has_head;
    struct call call;
    struct buffer in;
    size_t at;          /* how much of `in` is used up */
    struct buffer body; /* of chunks */
    struct reply reply;
    struct buffer out;
    size_t sent;
    uint64_t seen;   /* its number in the record */
    int64_t told_ms; /* when something was sent last */
    LIST_ENTRY(connection) all;
};

LIST_HEAD(connections, connection);

/* Answers a whole request. */
typedef void connection_answer_fn(void *context, const struct call *call, struct reply *reply);

struct connection_owner {
    int epoll;
    connection_answer_fn *answer;
    void *context;
};

/* Takes the socket, which does not block; NULL when it can not be watched. */
struct connection *connection_new(const struct connection_owner *owner, int fd,
                                  enum call_role role);
void connection_free(struct connection *connection);

/* What epoll says is possible. The state may be CONNECTION_OVER after any of these. */
void connection_act(struct connection *connection, const struct connection_owner *owner,
                    uint32_t events);
/* The answer that waits is complete. */
void connection_release(struct connection *connection, const struct connection_owner *owner);
/* Something small for the client that waits, where its answer is a stream. */
void connection_keep(struct connection *connection, const char *text);
void connection_cut(struct connection *connection);
