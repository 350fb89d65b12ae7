/* What a run printed and nobody has sent on yet: bounded, the oldest goes first,
 * always whole characters of valid UTF-8. */
#pragma once

#include "worker/sandbox/result.h"

#define LIVE_KEEP 16384 /* bytes kept; between two cuts it may be twice that */
#define LIVE_PIECE 4096
#define LIVE_SPANS 256

/* {0} is empty. */
struct live_text {
    struct buffer bytes;
    struct live_span {
        enum sandbox_stream stream;
        uint32_t len;
    } spans[LIVE_SPANS];
    size_t span_count;
    int64_t dropped; /* bytes that went between what was taken and what is here */
    struct live_start {
        uint8_t bytes[4];
        size_t len;
    } starts[2]; /* of a character whose rest has not come, by stream */
};

struct live_piece {
    enum sandbox_stream stream;
    int64_t dropped; /* in front of it */
    size_t len;
    char text[LIVE_PIECE];
};

void live_text_auto(struct live_text *text);
void live_text_add(struct live_text *text, enum sandbox_stream stream, struct bytes chunk);
/* Nothing more comes: what began a character stands for itself. */
void live_text_end(struct live_text *text);
bool live_text_is_empty(const struct live_text *text);
/* The oldest piece; false when there is none. */
bool live_text_take(struct live_text *text, struct live_piece *ret_piece);
