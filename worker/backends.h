/* The sandbox backends this worker serves: a table, so that one more is one
 * more row. */
#pragma once

#include "common/base/settings.h"
#include "worker/backend.h"

#define BACKENDS_MAX 8

struct launcher;
struct backends;

/* Opens each backend that the settings ask for. The launcher was forked before
 * and outlives the backends; NULL runs nothing on this machine. */
bool backends_open(const struct settings *settings, struct launcher *launcher,
                   struct backends **ret_backends, struct error *err) MUST_CHECK;
void backends_free(struct backends *backends);

/* NULL when this worker does not serve it. */
struct backend *backends_find(const struct backends *backends, const char *name);

typedef void backends_each_fn(void *context, struct backend *backend);
void backends_each(const struct backends *backends, backends_each_fn *each, void *context);

/* The queues of the backends that can take jobs now, each first in turn; borrowed for
 * ever. *ret_most: how many may be taken from any of them at once. */
size_t backends_queues(struct backends *backends, const char *ret_queues[BACKENDS_MAX],
                       size_t *ret_most);

/* {"local": {"ready": true, "why_not": "", "weaker": false, "image": "…",
 * "isolation": "…", "image_digest": "…"}, "e2b": {…, "breaker":
 * "closed", "until": null, "failures": 0}}; caller decrefs. */
json_t *backends_report(const struct backends *backends);

/* Until each has an answer to its first preflight, or `ms`. */
void backends_await(const struct backends *backends, int64_t ms);
/* Called from any thread, when a preflight says something new; until backends_free. */
void backends_on_change(const struct backends *backends, void (*changed)(void *context),
                        void *context);

/* {"e2b": "why"} for the services that can not be used now; caller decrefs. */
json_t *backends_unavailable(const struct backends *backends);
