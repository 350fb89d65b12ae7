/* The daytona backend: runs jobs in sandboxes of Daytona over its REST interface. */
#pragma once

#include "worker/sandbox/sandbox.h"

struct daytona_options {
    const char *key;           /* DAYTONA_API_KEY */
    const char *api_url;       /* DAYTONA_API_URL */
    const char *target;        /* DAYTONA_TARGET; "": the organization's own */
    const char *toolbox;       /* DAYTONA_TOOLBOX_HOST; "" or NULL: whatever the service names */
    const char *snapshot;      /* DAYTONA_SNAPSHOT: the backend's `image`; "": the service's own */
    const char *ca_file;       /* CA_FILE; "": the system's */
    int64_t slots;             /* jobs at once, at most */
    int64_t preflight_seconds; /* PREFLIGHT_SECONDS */
    int64_t call_ms; /* for the answer to a create; other calls get a part of it. 0: 60 s */
};

/* Connects to nothing yet. The texts are borrowed and must outlive it. Caller frees. */
bool daytona_backend_new(const struct daytona_options *options,
                         struct sandbox_backend **ret_backend, struct error *err) MUST_CHECK;

/* Every sandbox of it must have been destroyed. NULL is fine. */
void daytona_backend_free(struct sandbox_backend *backend);
