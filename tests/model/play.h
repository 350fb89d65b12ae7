/* Plays a story: calls the functions, holds each answer against the rules, and the rows against
 * the model and the invariants. */
#pragma once

#include "common/io/db.h"
#include "tests/model/draw.h"

#define LOG_LINES 60
#define RACERS 3
#define LEASE_MS ((int64_t)1000000000)

struct play {
    struct world world, before;
    uint64_t seed;
    struct db *api, *worker, *operator, * root;
    long events;
    bool failed;
    struct element last[BATCH]; /* sent again when its answer was lost */
    int last_count;
    int64_t shifted; /* the run whose approval is too old just now; 0 */
    char *log[LOG_LINES];
    long logged;
    bool racing;  /* others change the same rows: no answer can be foretold */
    int gave_way; /* calls that deadlocked with another's */
    json_t *answered;
    struct play *racers[RACERS];
};

/* One story out of a seed; false when something was not as it must be, which is printed. */
bool play_story(struct play *play, uint64_t seed, int events);
bool play_open(struct play *play, const char *database);
void play_close(struct play *play);

void play_step(struct play *play); /* one random call */
void play_load(struct play *play); /* reads the model from the rows */

/* Sends a batch and holds every answer against the rules. */
void play_send(struct play *play, const struct element *elements, int count, bool roll_back);
/* Holds the rows of all touched requests against the model and the invariants. */
void play_compare(struct play *play);
void play_compare_all(struct play *play); /* of the whole story, and every digest */
void play_check_moves(struct play *play); /* the table of legal moves is the model's */
void play_check_rest(struct play *play);  /* the invariants that are about no request */

/* All of these print what is wrong, once for a story. */
void play_wrong(struct play *play, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, but nothing in a race. */
void play_differs(struct play *play, const char *format, ...) __attribute__((format(printf, 2, 3)));
void play_note(struct play *play, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A call that must not fail. NULL when it did. Caller frees. */
struct rows *play_root(struct play *play, const struct statement *statement, const char *list);
bool play_ok(struct play *play, bool ok, const struct error *err);

/* Everything that is no batch: claims, heartbeats, sweeps, pauses, people, and time. */
void play_act(struct play *play);
void play_people(struct play *play);
void play_end(struct play *play); /* leaves nothing that later stories would come across */
