/* The local backend: runs jobs in bubblewrap on this machine, through the launcher. */
#pragma once

#include "common/base/crypto.h"
#include "worker/sandbox/local/launcher.h"
#include "worker/sandbox/sandbox.h"

struct local_options {
    int64_t warm;              /* LOCAL_WARM: warm single-use sandboxes kept ready */
    int64_t lease_ms;          /* LEASE_MS: a new sandbox lives this long without keep_alive */
    int64_t preflight_seconds; /* PREFLIGHT_SECONDS */
    bool require_cgroup;       /* LOCAL_REQUIRE_CGROUP: weaker is not ready */
};

/* What the newest preflight said. */
struct local_state {
    bool ready;
    char why_not[160]; /* "" when ready */
    bool weaker;       /* memory and processes are not limited by a cgroup */
    char weaker_because[160];
    char image_digest[SHA256_HEX]; /* as preflight measures it; "" before it could */
    int64_t checked_at_ms;         /* wall clock */
    int64_t warm;                  /* warm sandboxes ready now */
};

/* Runs the first preflight before it returns (about 0.2 s): a sandbox that is
 * not safe makes the backend not ready, not an error. Starts two threads.
 * `launcher` is borrowed and must outlive the backend. Caller frees. */
bool local_backend_new(struct launcher *launcher, const struct local_options *options,
                       struct sandbox_backend **ret_backend, struct error *err) MUST_CHECK;

/* Every sandbox of it must have been destroyed. NULL is fine. */
void local_backend_free(struct sandbox_backend *backend);

/* `backend` must come from local_backend_new. Any thread. */
void local_backend_state(const struct sandbox_backend *backend, struct local_state *ret_state);
