/* Takes apart a command's log as Daytona gives it, the whole of it each time, and hands on only
 * what is new. Holds a few bytes, whatever the size of the log. */
#pragma once

#include "worker/sandbox/result.h"

#define DAYTONA_LOG_TAIL 12

/* Takes new bytes of a stream. False stops the reading. */
typedef bool daytona_log_fn(void *context, enum sandbox_stream stream, struct bytes chunk);

struct daytona_log {
    daytona_log_fn *take;
    void *context;
    uint64_t seen[2]; /* bytes of each stream that were handed on */
    bool marked[2];   /* the mark of our bootstrap ended it: taken off */
    bool last;        /* the command has ended: nothing will follow */
    /* Of the answer that is being read. */
    uint8_t state;
    uint8_t stream; /* 2: a value that is not looked at */
    uint8_t depth;
    uint8_t digits; /* of an escape, still to come */
    uint16_t unit;
    uint16_t surrogate; /* the first half of a pair; 0 */
    char key[8];
    uint8_t key_len;
    bool escaped;
    bool found; /* stdout or stderr was there */
    bool stopped;
    uint64_t at; /* bytes of the stream so far */
    char tail[DAYTONA_LOG_TAIL];
    uint8_t tail_len;
};

/* Before each answer: {"output":…,"stdout":…,"stderr":…}. */
void daytona_log_begin(struct daytona_log *log, bool last);
/* False when it is no such answer, or the taker said no (`stopped`). */
bool daytona_log_take(struct daytona_log *log, struct bytes part);
bool daytona_log_begun(const struct daytona_log *log); /* it looked like such an answer */
bool daytona_log_end(const struct daytona_log *log);   /* it was whole */
