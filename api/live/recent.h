/* What running requests printed last, as blocks of an event stream: a bounded
 * memory of this process, so that who opens the page late sees more than what
 * comes next. Its owner (api/live/outputs.c) locks. */
#pragma once

#include <stdbool.h>

#include "common/base/bytes.h"
#include "common/io/redis.h"

#define RECENT_REQUEST_MAX 49152 /* bytes of blocks of one request */
#define RECENT_ALL_MAX (8 << 20) /* of all; who was quiet longest goes first */

/* A piece as a worker sent it, rendered. */
struct recent_piece {
    int64_t request_id;
    int64_t attempt_id;
    int64_t fence;
    int64_t seq;    /* grows within an attempt */
    int64_t weight; /* bytes of output that it stands for */
    const char *id; /* in the stream of Redis */
    struct bytes block;
};

struct recent;

struct recent *recent_new(void);
void recent_free(struct recent *recent);

/* False: it is of an earlier attempt, or was there already. */
bool recent_add(struct recent *recent, const struct recent_piece *piece);
void recent_forget(struct recent *recent, int64_t request_id);

/* What is kept behind `last_id` ("" for all), oldest first. */
typedef void recent_each_fn(void *context, const char *id, struct bytes block);
struct recent_head {
    int64_t attempt_id; /* 0: nothing is known of the request */
    int64_t lost;       /* bytes of output that were printed before and are not kept */
};
struct recent_head recent_head(const struct recent *recent, int64_t request_id,
                               const char *last_id);
void recent_each(const struct recent *recent, int64_t request_id, const char *last_id,
                 recent_each_fn *each, void *context);
