/* The sandbox backends this worker serves: a table, so that one more is one
 * more row. */
#pragma once

#include "common/base/json.h"
#include "common/base/settings.h"
#include "worker/sandbox/sandbox.h"

#define BACKENDS_MAX 8

struct launcher;
struct backends;

/* Opens each backend that the settings ask for. The launcher was forked before
 * and outlives the backends. */
bool backends_open(const struct settings *settings, struct launcher *launcher,
                   struct backends **ret_backends, struct error *err) MUST_CHECK;
void backends_free(struct backends *backends);

/* NULL when this worker does not serve it. */
const struct sandbox_backend *backends_find(const struct backends *backends, const char *name);
bool backend_is_ready(const struct sandbox_backend *backend);

/* The queues of the backends that are ready now; borrowed for ever. */
size_t backends_queues(const struct backends *backends, const char *ret_queues[BACKENDS_MAX]);

/* {"local": {"ready": true, "why_not": "", "weaker": false, "image": "…"}}; caller decrefs. */
json_t *backends_report(const struct backends *backends);
