/* The e2b backend: runs jobs in sandboxes of E2B over its REST interface. */
#pragma once

#include "worker/sandbox/sandbox.h"

struct e2b_options {
    const char *key;         /* E2B_API_KEY */
    const char *domain;      /* E2B_DOMAIN */
    const char *api_url;     /* E2B_API_URL; "": built from the domain */
    const char *sandbox_url; /* E2B_SANDBOX_URL; "": built from the domain and each sandbox's id */
    const char *template;    /* E2B_TEMPLATE: the backend's `image` */
    const char *ca_file;     /* CA_FILE; "": the system's */
    int64_t slots;           /* jobs at once, at most */
    int64_t preflight_seconds; /* PREFLIGHT_SECONDS */
    int64_t call_ms;           /* for the answer to a create; 0: 60 s; other calls get a part */
};

/* Connects to nothing yet. The texts are borrowed and must outlive it. Caller frees. */
bool e2b_backend_new(const struct e2b_options *options, struct sandbox_backend **ret_backend,
                     struct error *err) MUST_CHECK;

/* Every sandbox of it must have been destroyed. NULL is fine. */
void e2b_backend_free(struct sandbox_backend *backend);
