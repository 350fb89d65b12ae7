/* The rules: what a call must be answered, and what it changes. Written from the design alone;
 * nothing here is read from the database. */
#pragma once

#include "tests/model/world.h"

/* Elements of batches about requests, then those about runs. */
enum call {
    SUBMIT,
    RUN_AGAIN,
    REVISE,
    DECIDE,
    UNDO,
    CANCEL,
    SETTLE,
    START,
    MARK_RUNNING,
    RELEASE,
    FINISH,
    CALLS
};

/* One element as it was sent. What is wrong with it is in `flaw`, from FLAWS_OF its call. */
struct element {
    enum call call;
    int who, team, request, key,
        body; /* indexes; request and team -1: none there is; key 0: none */
    bool token, retry_safe, rather_fails, not_started, fails, no_adoption, late;
    enum backend backend;
    int revision, round, flaw, worker, run;
    char digest[65];
    enum verdict verdict;
    int64_t request_id, run_id, fence, decision;
    enum remote remote;
    int outcome; /* an enum run_state, or -1 for none */
    bool item;
};

/* What must be answered: code "ok" or the error's; the rest is compared when it is set. */
struct answer {
    const char *code, *field, *state;
    int64_t id;
    bool replayed;
    int made; /* index of a new request, else -1 */
};

struct answer expect_request(struct world *world, const struct element *e);
struct answer expect_run(struct world *world, const struct element *e);
struct answer refused(const char *code, const char *field);
struct answer fine(const char *state);

/* Names the story in what an illegal move says before it ends the program. */
void moves_of_story(uint64_t seed);

const char *request_state_name(enum request_state state);
const char *run_state_name(enum run_state state);
/* These end the process when the model itself makes no legal move. */
void request_move(struct request *r, enum request_state to, const char *actor);
void run_move(struct run *a, enum run_state to, const char *actor);
/* Each legal move as a line entity|from|to|actors, until false. */
bool move_next(int *at, char ret_line[120]);

struct run *live_run(struct request *r); /* ready to running; NULL */
void run_drop(struct run *a, const char *actor);
void back_to_review(struct request *r, const char *actor);
