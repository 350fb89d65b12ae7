/* Shared commits without timers: the first caller leads and commits, whoever
 * comes meanwhile goes into the next commit. */
#pragma once

#include "common/base/json.h"
#include "common/io/db.h"

#define BATCH_MAX 50 /* PostgreSQL caches 64 subtransactions */

struct batch;

/* `statement` takes one jsonb array and returns (n int, result jsonb), one row
 * per element, n from 0. Borrows the pool. */
struct batch *batch_new(struct db_pool *pool, const struct statement *statement);
void batch_free(struct batch *batch);

/* Blocks until the element is durable or refused. `item` is borrowed. The
 * result is the function's jsonb; {"error": {code, message, field}} in it
 * becomes `err`. A batch that fails as a whole is run again one by one, except
 * when its outcome is unknown (ERR_LOST goes to every caller). Caller decrefs. */
bool batch_call(struct batch *batch, const json_t *item, json_t **ret_result,
                struct error *err) MUST_CHECK;

/* One of several elements that go into the same commit where they fit. */
struct batch_element {
    const json_t *item; /* borrowed */
    json_t *result;     /* caller decrefs; NULL when refused */
    struct error err;
};

/* The same for `count` elements at once: each gets its result or its error. */
void batch_call_all(struct batch *batch, struct batch_element *elements, size_t count);
