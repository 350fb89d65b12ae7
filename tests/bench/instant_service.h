/* A service that is played without running anything: E2B or Daytona. */
#pragma once

#include "tests/bench/instant_call.h"
#include "tests/bench/instant_made.h"
#include "tests/bench/instant_reply.h"

#define SERVICE_OUTPUT "42\n" /* of whatever is run */
#define SERVICE_URL 64

struct service;

/* Answers one request that came whole. */
typedef void service_answer_fn(struct service *service, const struct call *call,
                               struct reply *reply);

struct service {
    const char *name;
    service_answer_fn *answers[2]; /* by the role of the call */
    void (*env)(const struct service *service, struct buffer *out);
    char url[SERVICE_URL];    /* of the control plane */
    char inside[SERVICE_URL]; /* of the sandboxes */
    bool hold;                /* what is run goes on until it is released */
    int log;                  /* gets a line for each start of code; -1: none */
    uint64_t round;           /* of releases */
    struct made made;
};

service_answer_fn e2b_answer, e2b_inside, daytona_answer, daytona_inside;
/* What a worker or the npm client needs to come here, as a JSON object. */
void e2b_env(const struct service *service, struct buffer *out);
void daytona_env(const struct service *service, struct buffer *out);

bool daytona_knows(const struct call *call); /* the key that it came with */
