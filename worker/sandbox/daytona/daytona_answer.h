/* What Daytona's answers mean: sandbox objects, their states, error bodies. Calls nothing. */
#pragma once

#include <jansson.h>

#include "common/base/bytes.h"
#include "common/base/error.h"

#define DAYTONA_ID 64
#define DAYTONA_URL 300
#define DAYTONA_TEXT 160

/* What to do about a sandbox in some state. */
enum daytona_step {
    DAYTONA_READY,  /* code may run */
    DAYTONA_WAIT,   /* ask again; also for every state that nobody told us of */
    DAYTONA_START,  /* asleep: start it, then ask again */
    DAYTONA_FAILED, /* delete it */
    DAYTONA_GONE,
};

struct daytona_sandbox {
    char id[DAYTONA_ID]; /* fit for a URL */
    char name[DAYTONA_ID];
    enum daytona_step step;
    char state[32];
    char reason[DAYTONA_TEXT]; /* of a failure */
    char toolbox[DAYTONA_URL]; /* toolboxProxyUrl, no slash at its end; "" when not told */
    double cpu;                /* 0 when not told */
    double memory_gib;
    double disk_gib;
    char instance[DAYTONA_ID]; /* our labels; "" and -1 when not there */
    int64_t attempt_id;
    int64_t fence;
    int64_t created_ms;     /* wall clock; 0 when not told */
    int64_t retry_after_ms; /* of a look that was BUSY; -1: no time was told */
};

/* `destroying`: its desired state is to be destroyed. */
enum daytona_step daytona_step_of(const char *state, bool destroying);

/* False when it is no sandbox object, or one that can not be used. */
bool daytona_read_sandbox(const json_t *object, struct daytona_sandbox *ret_sandbox);

/* How a command ended; 255 for a number that no process ends with. False when it is none, or none
 * that is whole; 0.0 is. */
bool daytona_exit_code(const json_t *code, int *ret_code);

/* The message of an error body of either server, or its raw text: one line for
 * people, "" when there is none. */
void daytona_message(struct bytes body, char ret_text[DAYTONA_TEXT]);

/* The code of create for an answer other than 200. ERR_CONFLICT: the name is
 * taken. ERR_LOST: it may have got through; look for the name. */
enum error_code daytona_create_error(int status, const char *message);

/* A sandbox was made, but failed to start: it lies there under its name. */
bool daytona_failed_start(int status, const char *message);

/* An address that the key may be sent to: https, or http when `plain`; no user,
 * no query. Cuts the slash at the end. */
bool daytona_url(const char *text, bool plain, char ret_url[DAYTONA_URL]);

/* Is the host of that address `host` itself, or in the domain of that name? */
bool daytona_host_is(const char *url, const char *host);

/* Is the host of that address the one of `api`, or in its domain? */
bool daytona_is_beside(const char *url, const char *api);

bool daytona_id_fits(const char *text); /* for a URL: [A-Za-z0-9._-], short */
