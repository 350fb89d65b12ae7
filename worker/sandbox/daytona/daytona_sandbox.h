/* One sandbox of ours at Daytona: its names, where its toolbox is, whether it was cancelled. */
#pragma once

#include <pthread.h>

#include "worker/sandbox/daytona/daytona_api.h"

/* One sandbox of ours. */
struct sandbox {
    struct daytona *daytona;
    struct daytona_sandbox remote;
    char name[DAYTONA_ID];
    char session[DAYTONA_ID];
    char command[DAYTONA_ID];               /* "" before it runs */
    char toolbox[DAYTONA_URL + DAYTONA_ID]; /* with the sandbox's id */
    char *reference;
    int64_t created_ms;     /* wall clock, when create began */
    bool running;           /* code may be running: its end was not seen */
    int64_t retry_after_ms; /* what the service asked for with its last 429; -1: nothing */
    atomic_bool cancelled;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* after cancelled was set */
};

/* The job only names it; nothing is called. Caller frees. */
struct sandbox *daytona_sandbox_new(struct daytona *daytona, const struct sandbox_job *job);
void daytona_sandbox_free(struct sandbox *sandbox);

/* What the service charges for so far. */
void daytona_sandbox_usage(const struct sandbox *sandbox, struct sandbox_usage *ret_usage);

/* Waits; false when it was cancelled, then at once. */
bool daytona_wait(struct sandbox *sandbox, int64_t ms);

/* What a refused call before the start means: our key, too many calls (then the time is noted), or
 * a service that does not work. */
enum error_code daytona_error(struct sandbox *sandbox, const struct http_answer *answer);

/* Where its toolbox is. False: the service told nothing that may be used. */
bool daytona_find_toolbox(struct sandbox *sandbox, int64_t deadline_ms,
                          const atomic_bool *cancelled, struct error *err);
