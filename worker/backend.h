/* One sandbox backend as the worker uses it: how many jobs it takes, and
 * whether its service is to be left alone. */
#pragma once

#include <stdatomic.h>

#include "common/base/json.h"
#include "common/domain/breaker.h"
#include "worker/sandbox/sandbox.h"

struct backend {
    const char *name;
    const char *queue; /* where hints for it are */
    struct sandbox_backend *sandbox;
    struct breaker *breaker; /* NULL where there is no service */
    int64_t places;          /* jobs at once */
    _Atomic int64_t busy;
    char janitor_at[SANDBOX_CURSOR]; /* the janitor's: where in the service's list it goes on */
};

#define BACKEND_WHY_SIZE 256

/* False: its preflight failed, or the breaker is open; no job is taken for it. */
bool backend_is_ready(struct backend *backend, char ret_why_not[BACKEND_WHY_SIZE]);
/* How many jobs it could take now; 0 when it is not ready. */
size_t backend_room(struct backend *backend);
/* True for a service that can not be used now: all workers leave it alone, or its preflight
 * failed. */
bool backend_is_away(struct backend *backend, char ret_why[BACKEND_WHY_SIZE]);
/* True when all workers leave the service alone. */
bool backend_is_open(struct backend *backend, char ret_why[BACKEND_WHY_SIZE]);

/* One job's leave to use it. */
struct backend_pass {
    struct breaker_permit permit;
    bool taken;
};

/* ERR_BUSY: no place is free now; ask again. ERR_UNAVAILABLE: its preflight failed, or the
 * breaker is open; then *ret_retry_ms says for how long. */
bool backend_enter(struct backend *backend, struct backend_pass *ret_pass, int64_t *ret_retry_ms,
                   struct error *err) MUST_CHECK;
/* The service has taken up what it was asked to run: others may try it, too. */
void backend_works(struct backend *backend, struct backend_pass *pass);
/* Ends it; a pass that was not taken is fine. */
void backend_leave(struct backend *backend, struct backend_pass *pass, enum breaker_verdict verdict,
                   const char *why);

/* What the code of an error that `create` gave says of the service. */
enum breaker_verdict backend_verdict(const struct error *err);

/* Adds "breaker", "until" and "failures", "refused" when our key is, and what they make of
 * "ready" and "why_not". */
void backend_report_breaker(struct backend *backend, json_t *report);
