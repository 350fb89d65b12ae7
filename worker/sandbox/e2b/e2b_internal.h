/* What the files of the e2b backend share: the backend, one sandbox, and how an answer reads. */
#pragma once

#include <pthread.h>

#include "common/base/json.h"
#include "common/io/http.h"
#include "worker/sandbox/e2b/e2b.h"
#include "worker/sandbox/remote.h"

#define E2B_URL_SIZE 256
#define E2B_ID_SIZE 80
#define E2B_CODE_PORT 49999
#define E2B_ENVD_PORT 49983
#define E2B_HOME "/home/user" /* where the code runs */
#define E2B_CALL_MS 60000     /* when no other is set */
#define E2B_CALL_SECONDS 30   /* of those 60, for a call to a sandbox */
#define E2B_JSON_DEPTH 64

struct e2b {
    struct sandbox_backend backend; /* first: the backend's address is ours */
    struct e2b_options options;
    struct http *http;
    char api[E2B_URL_SIZE];
    atomic_bool closing;          /* ends the preflight that is under way */
    atomic_bool first_generation; /* the service has no second generation of create */
    pthread_mutex_t lock;         /* of what follows */
    char sized_image[128];
    struct sandbox_usage size; /* of a sandbox of that image */
    int64_t sized_ms;
    char listed_image[128];
    json_t *listed; /* the working folder of a new sandbox of that image */
    size_t listed_others[2];
    int64_t listed_ms;
};

struct sandbox {
    struct e2b *owner;
    char id[E2B_ID_SIZE];
    char domain[128];
    int envd_version[3];
    char *envd_token;    /* NULL: none */
    char *traffic_token; /* likewise */
    json_t *before;      /* the working folder before the run: name to size and time */
    size_t others[2];    /* folders and other things in it that are no plain files */
    bool remote_started;
    struct remote remote; /* of a job in SQL */
    struct sandbox_usage size;
    char *reference;
    int64_t created_ms;
    int64_t retry_after_ms; /* what the service asked for when it refused a call; -1: nothing */
    atomic_bool cancelled;
};

/* When a call that starts now must be over: `seconds` of the 60 that a create has. */
int64_t e2b_deadline(const struct e2b *e2b, int seconds);

bool e2b_cancelled(const struct sandbox_job *job); /* NULL: no */
#define E2B_HURRY_MS 1000                          /* for a call that cleans up then */
/* Tells the job for how long the service wants to be left alone, when it said so (not -1). */
void e2b_leave_alone(const struct sandbox_job *job, int64_t retry_after_ms);

/* NULL when it is no JSON, or nested deeper than is sane. Caller decrefs. */
json_t *e2b_json(struct bytes text);

/* Puts down what an answer that is no success means. `ours`: by the control plane,
 * where 401 and 403 are about our key. Always false. */
bool e2b_refused(const struct e2b *e2b, const char *what, const struct http_answer *answer,
                 bool ours, struct error *err);
bool e2b_succeeded(const struct http_answer *answer);
/* The service's own words, fit to print; "": none. */
void e2b_message(const struct e2b *e2b, const struct http_answer *answer, char *ret_text,
                 size_t size);
/* Adds `text` as one value of a query. */
void e2b_add_query(struct buffer *url, const char *text);
/* A URL of a port of the sandbox, and the headers that lead there. */
void e2b_port_url(const struct sandbox *sandbox, int port, struct buffer *ret_url);
void e2b_port_request(const struct sandbox *sandbox, int port, struct http_request *request);

void e2b_sandbox_free(struct sandbox *sandbox); /* NULL is fine; deletes nothing */
