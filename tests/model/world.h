/* What the model knows: people, requests and their runs, as plain values that can be copied. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/model/states.h"

#define PEOPLE 13
#define REQUESTS 120
#define RUNS 24 /* of one request */
#define KEYS 400
#define WORKERS 3

struct person {
    int64_t id;
    bool agent, analyst, reviewer, admin, disabled;
    unsigned teams; /* bits */
    int owner;      /* of an agent, else -1 */
    unsigned ties;  /* bits of people: oneself, and who made or reset whose account */
};

struct run {
    int64_t id, fence, decision;
    enum run_state state;
    int revision, round, worker, adoptions;
    enum moment lease, adopt;
    bool due, too_old, told_to_stop;
    enum remote remote;
    unsigned stored; /* bits of the outputs that it put */
};

struct request {
    int64_t id;
    int team, author, revision, round, again_of, run_count;
    unsigned makers; /* bits: author, editors, and who answers for their tokens */
    enum request_state state;
    enum moment expires;
    enum backend backend;
    bool retry_safe, rather_fails, touched;
    char digest[65];
    struct {
        int64_t id;
        int reviewer, round;
        enum verdict verdict;
    } decision; /* one settles a round: a single approval is enough */
    struct run runs[RUNS];
};

/* What was answered to an element that came with a key. */
struct kept {
    int who, call, body;
    int64_t id;
    char state[24];
};

struct world {
    uint64_t random;
    int64_t team_ids[2], worker_ids[WORKERS], token_id;
    char prefix[24]; /* of the logins of this seed */
    struct person people[PEOPLE];
    struct request requests[REQUESTS];
    struct kept kept[KEYS];
    int request_count, kept_count;
    bool paused_all, paused_team[2], paused_backend[BACKENDS];
};
