/* What the played service answers to one request. */
#pragma once

#include "common/base/bytes.h"

struct reply {
    int status;
    const char *type; /* NULL: application/json */
    char header[64];  /* one more, "Name: value", where there is one */
    bool streams;     /* the body is in chunks, by reply_chunk */
    struct buffer body;
    uint64_t held_by;   /* of which sandbox it waits for the end; 0: it does not wait */
    struct buffer rest; /* follows the body, at once or after the wait */
    uint64_t cuts;      /* the sandbox whose waiting answers end with this one */
};

/* For the next request; keeps the memory. */
void reply_clear(struct reply *reply);
void reply_free(struct reply *reply);

void reply_json(struct reply *reply, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void reply_chunk(struct buffer *out, const char *text);
void reply_last_chunk(struct buffer *out);

/* A JSON string with its quotes. Bytes beyond ASCII are told one by one. */
void reply_add_string(struct buffer *out, const char *text);
