/* An answer as data, the headers that every answer carries, and the one place
 * that turns an error into a body. */
#pragma once

#include "common/base/json.h"

#define REPLY_HEADERS_MAX 8
#define REPLY_ALL_HEADERS_MAX 24

struct reply_header {
    const char *name;
    char *value; /* owned by the reply */
};

/* Decides the Content-Security-Policy and how long a client may keep the answer. */
enum reply_kind {
    REPLY_DATA,    /* never stored */
    REPLY_PAGE,    /* the page itself: checked anew each time */
    REPLY_ASSET,   /* hashed name: kept for a year */
    REPLY_FOREIGN, /* bytes that user code made: shown in a sandboxed document */
};

struct stream;

struct reply {
    int status; /* 0: nothing decided yet */
    enum reply_kind kind;
    bool close;       /* the connection ends with this answer */
    const char *code; /* of the error it speaks of, for the log; NULL when it is none */
    const char *type;
    struct buffer body;
    struct bytes borrowed; /* instead of body: lives as long as the process */
    struct stream *stream; /* instead of both: taken over by the server */
    struct reply_header headers[REPLY_HEADERS_MAX];
    size_t header_count;
};

void reply_clear(struct reply *reply);
/* Replaces one of the same name. `name` is borrowed for ever. */
void reply_add_header(struct reply *reply, const char *name, const char *value);

void reply_json_text(struct reply *reply, int status, const char *json); /* copies */
void reply_json(struct reply *reply, int status, const json_t *json);
void reply_error(struct reply *reply, const struct error *err);

/* One pair of a whole answer's head; both borrowed from the reply or static. */
struct reply_pair {
    const char *name;
    const char *value;
};

/* Every header but those of the framing. Returns how many. `tls`: people reach
 * us by https. */
size_t reply_all_headers(const struct reply *reply, bool tls,
                         struct reply_pair ret_pairs[REPLY_ALL_HEADERS_MAX]);

/* The head of an HTTP/1.1 answer that the library has no part in, without the
 * empty line that ends it. */
void reply_write_head(const struct reply *reply, bool tls, struct buffer *out);
/* The whole of one that ends its connection: a refusal in the middle of a body. */
void reply_write_raw(const struct reply *reply, bool tls, struct buffer *out);
