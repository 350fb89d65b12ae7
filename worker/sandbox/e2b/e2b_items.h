/* Hands back what a run made: counted, limited and checked like a local run's. */
#pragma once

#include <stdarg.h>

#include "common/base/json.h"
#include "worker/sandbox/results.h"

struct e2b_items {
    const struct sandbox_sink *sink;
    struct bundle_limits limits;
    int64_t output_bytes; /* of both streams so far */
    int64_t count;        /* items that count against the limit */
    int64_t texts;
    int64_t left_out;
    int notes;
    bool output_over; /* more than may be was printed */
    bool sink_failed;
};

/* Output of the code, as it came. */
void e2b_items_stream(struct e2b_items *items, enum sandbox_stream stream, struct bytes text);
/* A line of ours among its errors; after a score of them no more. */
void e2b_items_note(struct e2b_items *items, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void e2b_items_add(struct e2b_items *items, const char *kind, const char *name, struct bytes body);
/* "result" or "traceback": long ones lose their middle. */
void e2b_items_text(struct e2b_items *items, const char *kind, struct bytes text);
void e2b_items_close(struct e2b_items *items); /* says what was left out */

/* Copies a text cut between characters; what is no text or NUL is replaced. */
void e2b_text_copy(struct bytes text, char *ret_text, size_t size);
/* False when it is no base64. Blanks and line ends in it do not count. */
bool e2b_base64(struct bytes text, struct buffer *ret_data);
struct bytes e2b_string(const json_t *object, const char *key); /* {NULL, 0} when it is none */
