/* What a run hands back: hashed and stored in chunks while it arrives. */
#pragma once

#include "worker/worker.h"

/* Kept in memory until this much is there; more only while our database is away. */
#define OUTPUT_CHUNK_BYTES (256 * 1024)
/* What is no longer at its end goes with the end of the run, in the same commit. */
#define OUTPUT_SHORT_BYTES 8192
#define OUTPUT_SHORT_TOTAL 32768 /* of all items of a run */

/* One item on its way; n 0 means that it has not begun. */
struct output_item {
    int32_t n;
    int32_t chunks; /* stored so far */
    int64_t bytes;
    size_t frozen; /* bytes of `pending` that a chunk was tried with: it must not grow */
    struct sha256 sha;
    struct buffer pending;
};

/* Lives on the slot's stack; free with output_auto. */
struct output {
    struct worker *worker;
    struct slot *slot;
    const struct attempt *attempt;
    struct live_run *live; /* shows stdout and stderr meanwhile */
    int32_t item_count;
    struct output_item streams[2];
    struct output_item item;
    json_t *current;    /* what is known of `item` */
    json_t *items;      /* [{n, kind, name, mime, bytes, sha256}], short ends with chunk and data */
    size_t carried;     /* bytes of those short ends */
    struct error fault; /* why it could not be stored, once `broken` */
    bool broken;
};

void output_start(struct output *output, struct worker *worker, struct slot *slot);
void output_auto(struct output *output);

/* The callbacks of a sandbox_sink; `output` is its context. */
bool output_add_stream(struct output *output, enum sandbox_stream stream, struct bytes chunk);
bool output_begin_item(struct output *output, const char *kind, const char *mime, const char *name);
bool output_add_item(struct output *output, struct bytes chunk);
bool output_end_item(struct output *output);

/* Stores what is left of stdout and stderr, or puts it among the items. Waits for our database;
 * false when it refused, or when the worker must leave first. */
bool output_end(struct output *output);
