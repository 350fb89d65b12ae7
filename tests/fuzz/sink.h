/* A sandbox_sink that keeps what it is given, and holds it to what a sink may expect. */
#pragma once

#include "worker/sandbox/result.h"

struct sink_kept {
    struct buffer streams[2];
    struct buffer items; /* of each: kind, mime, name, the length, the bytes */
    int64_t item_count;
    int64_t counted; /* of those, tables, charts and files */
    size_t largest;  /* of those */
    struct buffer item;
    bool in_item;
};

struct sandbox_sink sink_for(struct sink_kept *kept);
void sink_free(struct sink_kept *kept);
bool sink_same(const struct sink_kept *a, const struct sink_kept *b);
