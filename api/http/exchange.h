/* One request with its answer on its way through the process. Knows nothing
 * of the HTTP library, so that handlers and tests need none. */
#pragma once

#include "api/http/framing.h"
#include "api/http/reply.h"
#include "api/http/uri.h"

#define EXCHANGE_ID_SIZE 17
#define EXCHANGE_ADDRESS_SIZE 46
#define ROUTE_IDS_MAX 2

enum exchange_phase {
    PHASE_HEAD,     /* the headers are there, nothing was looked at yet */
    PHASE_OPENING,  /* an upload: a handler checks who sends it, before its body */
    PHASE_BODY,     /* the body is coming in */
    PHASE_STORING,  /* an upload: a handler stores a chunk, the connection waits */
    PHASE_HANDLING, /* a handler has it, or it is parked */
    PHASE_REFUSED,  /* answered in the middle of its body; the rest is thrown away */
    PHASE_STREAMED, /* answered by hand, see server_stream_open */
};

/* What a handler thread shall do with it next. */
enum exchange_job {
    JOB_HANDLE, /* the request is complete */
    JOB_OPEN,   /* an upload begins */
    JOB_STORE,  /* `body` holds a chunk of an upload */
    JOB_FILL,   /* the answer's stream ran dry */
    JOB_DROP,   /* an upload was cut: its chunks go, then the exchange */
};

struct route;
struct upload;

/* A long poll that waits without a thread. */
struct wait {
    int64_t request_id;
    int64_t deadline_ms; /* monotonic; 0: not waiting yet */
    bool until_done;     /* else until it is decided */
    bool over;           /* the deadline passed, or the process is stopping */
};

struct exchange {
    struct exchange *next; /* in the queue of handlers, or in a bucket of parked ones */
    void *connection;      /* the server's */
    enum exchange_phase phase;
    enum exchange_job job;
    char id[EXCHANGE_ID_SIZE];
    char peer[EXCHANGE_ADDRESS_SIZE];    /* who is connected to us */
    char address[EXCHANGE_ADDRESS_SIZE]; /* who asks: the peer, or whom our proxy asks for */
    int64_t started_us;
    int64_t person_id;      /* for the log; 0 while unknown */
    char *target;           /* as received */
    const char *raw_target; /* where the server has it; only to be compared */
    struct header *headers;
    struct head head;
    struct framing framing;
    struct uri uri;
    const struct route *route;
    int64_t ids[ROUTE_IDS_MAX]; /* the numbers in the path */
    int64_t body_limit;
    int64_t body_seen;
    int64_t body_reserved; /* of what all bodies together may hold */
    struct buffer body;
    struct reply reply;
    struct upload *upload;
    struct stream *filling; /* the stream that JOB_FILL is about */
    struct wait wait;
    int64_t held_place; /* person whose count of open streams and polls it is in, or 0 */
};

/* Copies `target`. */
struct exchange *exchange_new(const char *target);
void exchange_free(struct exchange *exchange);

const char *exchange_header(const struct exchange *exchange, const char *name);
