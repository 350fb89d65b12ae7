/* Whether a service can be used: one call that changes nothing there, and what its answer says of
 * our key and of the address. */
#pragma once

#include "common/io/http.h"
#include "worker/sandbox/readiness.h"

#define SERVICE_CALL_MS 5000   /* for one try; there are two */
#define SERVICE_AGAIN_MS 30000 /* after a NO: more often looks like guessing keys */

struct service {
    const char *name;        /* "E2B" */
    const char *key_setting; /* "E2B_API_KEY" */
    const char *url_setting;
    const char *url;
    /* Makes the call. `ret_makes_sense`: the answer is what this service says when all is well;
     * `ret_message`: its own words, fit to print. */
    void (*call)(void *context, int64_t deadline_ms, struct http_answer *ret_answer,
                 bool *ret_makes_sense, char ret_message[READINESS_WHY]);
    void *context;
};

/* NO: it refuses the key, does not answer, or is another service. What it can not do at the
 * moment (5xx, 429) is for the breaker: UNSURE. */
enum readiness_answer service_preflight(const struct service *service,
                                        char ret_why_not[READINESS_WHY]);
