/* A table in memory of what the audit trail says of each thing: by kind, id and a second number. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mark {
    int64_t kind, id, part; /* kind 0: a free place */
    int64_t seq; /* its place in a chain; of what the trail has once, the seal over that row */
    uint8_t hash[32];
    int16_t state;
    bool seen;
};

struct marks {
    struct mark *list;
    size_t count, size;
};

void marks_auto(struct marks *marks);
/* NULL when there is none. Both are good until the next marks_get. */
struct mark *marks_find(const struct marks *marks, int64_t kind, int64_t id, int64_t part);
struct mark *marks_get(struct marks *marks, int64_t kind, int64_t id, int64_t part); /* makes it */
