/* Calls of Daytona's two servers: whom they go to, what is sent again, how long they may take. */
#pragma once

#include "common/io/http.h"
#include "worker/sandbox/daytona/daytona.h"
#include "worker/sandbox/daytona/daytona_answer.h"

#define DAYTONA_PATH 600

/* The backend. */
struct daytona {
    struct sandbox_backend backend;
    struct daytona_options options;
    struct http *http;
    atomic_bool closing; /* ends the preflight that is under way */
    bool plain;          /* the configured address is http, so replies may name such */
    char api[DAYTONA_URL];
    char *authorization;
};

struct daytona_call {
    const char *method;
    const char *base; /* NULL: the control plane */
    const char *path;
    const char *body; /* JSON, or NULL */
    const struct http_part *parts;
    size_t part_count;
    size_t body_max;     /* 0: DAYTONA_BODY_MAX */
    int64_t deadline_ms; /* monotonic, with everything that is sent again */
    int64_t each_ms;     /* for one try; 0: a quarter of call_ms */
    bool once;           /* GET and DELETE are sent again unless this is set */
    bool (*take)(void *context, struct bytes piece);
    void (*sent)(void *context);
    void *context;
    const atomic_bool *cancelled; /* NULL: nobody can */
};

#define DAYTONA_BODY_MAX 262144

/* True when it was answered, with whatever status; then the text is the
 * answer's message. Caller runs http_answer_auto in any case. */
bool daytona_call(const struct daytona *daytona, const struct daytona_call *call,
                  struct http_answer *ret_answer) MUST_CHECK;

/* The object of a body; NULL when it is none. */
json_t *daytona_body(const struct http_answer *answer);

/* For a reason that may pass by itself: no answer, 429, 502, 503, 504. */
bool daytona_passing(const struct http_answer *answer);

/* REFUSED: our key is. BUSY: 429 to the end; of the sandbox only retry_after_ms is written. */
enum daytona_look { DAYTONA_FOUND, DAYTONA_ABSENT, DAYTONA_UNSURE, DAYTONA_REFUSED, DAYTONA_BUSY };

/* One sandbox by its id or name, until `deadline_ms` or somebody cancels (NULL: nobody can). */
enum daytona_look daytona_get(const struct daytona *daytona, const char *name, int64_t deadline_ms,
                              const atomic_bool *cancelled, struct daytona_sandbox *ret_sandbox);

/* Until it is accepted, or gone, or `deadline_ms`. ERR_THROTTLED: 429 to the end; then
 * `ret_retry_after_ms` (may be NULL) is for how long, -1 when no time was told. */
bool daytona_delete(const struct daytona *daytona, const char *name, int64_t deadline_ms,
                    int64_t *ret_retry_after_ms, struct error *err) MUST_CHECK;

/* Waits; false when the flag was set meanwhile. */
bool daytona_nap(const atomic_bool *cancelled, int64_t ms);

/* Percent-encodes all but letters, digits and "-._~". False when it does not fit. */
bool daytona_encode(const char *text, char *ret_text, size_t size);
