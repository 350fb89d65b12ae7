/* Shared by the files of the OpenID client. */
#pragma once

#include <pthread.h>
#include <semaphore.h>

#include "api/sign_in/oidc.h"
#include "common/io/http.h"

struct oidc {
    const char *issuer, *client_id, *client_secret; /* the settings' */
    char *redirect_url;
    struct http *http;
    sem_t calls; /* how many may wait for the provider at once */
    pthread_mutex_t lock;
    json_t *document;                                        /* what discovery said, or NULL */
    json_t *keys;                                            /* JWKS, or NULL */
    int64_t document_until_ms, keys_until_ms, keys_again_ms; /* monotonic */
    int64_t failed_until_ms; /* after a failure nobody asks for a while */
};

/* What discovery said, and the keys; both are new references. `fresh_keys` fetches them anew,
 * unless that was done a moment ago. */
bool oidc_provider(struct oidc *oidc, bool fresh_keys, json_t **ret_document, json_t **ret_keys,
                   struct error *err) MUST_CHECK;

/* One call that answers a JSON object with status 200; new reference. */
bool oidc_call(struct oidc *oidc, const struct http_request *request, json_t **ret_answer,
               struct error *err) MUST_CHECK;
