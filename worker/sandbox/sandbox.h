/* What every sandbox backend takes and gives: one job in, one result out. */
#pragma once

#include "common/base/error.h"
#include "worker/sandbox/job.h"
#include "worker/sandbox/result.h"

struct readiness;
struct sandbox; /* one sandbox, of any backend; each backend defines its own */

/* One of ours as a service lists it. */
struct sandbox_listed {
    const char *remote_id;
    int64_t attempt_id;
    int64_t fence;
    int64_t age_ms;
};
typedef void sandbox_listed_fn(void *context, const struct sandbox_listed *found);

/* One page of what a service lists. */
#define SANDBOX_CURSOR 256
struct sandbox_page {
    const char *instance;    /* whose label they carry */
    sandbox_listed_fn *each; /* gets each of them */
    void *context;
    char cursor[SANDBOX_CURSOR]; /* "": the first page; afterwards the next, "" behind the last */
};

/* One backend. Calls of one sandbox come from one thread, except cancel and
 * keep_alive: those come from any thread, never after destroy was called, and
 * never wait. */
struct sandbox_backend {
    const char *name;      /* "local", "e2b", "daytona" */
    const char *image;     /* what a request gets that names none; the job says what is used */
    const char *isolation; /* what an approval calls what stands between code and all else */
    bool holds_limits;     /* of processor time and disk, as the job has them */
    void *context;
    struct readiness *readiness; /* its preflight */
    /* Prepares a sandbox; no code has left yet. Caller frees with destroy.
     * ERR_THROTTLED: the service is full or wants us slower. ERR_UNAVAILABLE: its
     * fault. ERR_FORBIDDEN: it refused our key. ERR_BAD_REQUEST: it knows no such
     * image. ERR_CONFLICT: cancelled meanwhile. */
    bool (*create)(void *context, const struct sandbox_job *job, struct sandbox **ret_sandbox,
                   struct error *err);
    /* Sends code and inputs and waits for the end. Only after `starting` is
     * durable. Never fails: what went wrong is in the result. */
    void (*run)(struct sandbox *sandbox, const struct sandbox_job *job,
                const struct sandbox_sink *sink, struct sandbox_result *ret_result);
    void (*cancel)(struct sandbox *sandbox); /* any thread; run returns soon after */
    /* Leaves nothing behind, whatever state it is in. */
    void (*destroy)(struct sandbox *sandbox);
    /* Keeps the sandbox alive until `lease_ms` from now; the launcher kills a
     * local sandbox whose keep-alive stops. NULL where the service has its own. */
    void (*keep_alive)(struct sandbox *sandbox, int64_t lease_ms);

    /* The rest is NULL where sandboxes end with their worker. */

    /* JSON text that becomes durable in the commit after which code may leave: `sandbox_id`;
     * `usage` {cpu, memory_mib, disk_gib}, by which a lost run has its price; and by what another
     * worker finds this run again, or `adoptable` false where none can. Borrowed. */
    const char *(*reference)(const struct sandbox *sandbox);
    /* Takes up a run that another worker lost; then `resume` is called instead of
     * `run`, and destroy as always. ERR_NOT_FOUND: the service has no such run any
     * more, its outcome can not be known. ERR_UNAVAILABLE: ask again later. NULL
     * where the protocol can not. */
    bool (*attach)(void *context, const struct sandbox_job *job, const char *reference,
                   struct sandbox **ret_sandbox, struct error *err);
    void (*resume)(struct sandbox *sandbox, const struct sandbox_job *job,
                   const struct sandbox_sink *sink, struct sandbox_result *ret_result);
    /* The sandboxes at the service that carry the label of this instance, page by page. */
    bool (*list)(void *context, struct sandbox_page *page, struct error *err);
    bool (*remove)(void *context, const char *remote_id, struct error *err); /* gone is fine */
    /* Lets go of the sandbox without ending it: the run goes on at the service and
     * another worker attaches. Instead of destroy. */
    void (*abandon)(struct sandbox *sandbox);
};
