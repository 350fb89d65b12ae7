/* The write functions of the database as routes use them: shared commits, the
 * idempotency key, and the doorbell afterwards. */
#pragma once

#include "api/api.h"

bool writes_open(struct api *api, struct error *err) MUST_CHECK;
void writes_close(struct api *api);

/* Adds actor and idempotency to `item`, runs it, rings and announces what the
 * function asks for. Takes `item`. The result is new; a replayed one is marked
 * in a header of the reply. */
bool writes_run(struct call *call, enum write write, json_t *take_item, json_t **ret_result,
                struct error *err) MUST_CHECK;

/* The same for several items, in one commit where they fit; elements[i].item
 * is not NULL, and gets its actor. `keys[i]`: its own Idempotency-Key, or NULL. */
void writes_run_all(struct call *call, enum write write, struct batch_element *elements,
                    const char *const *keys, size_t count);

/* Rings and announces `push` and `event` of a result and removes them from it. */
void writes_announce(struct api *api, json_t *result);
