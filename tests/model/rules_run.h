/* The rules of what workers call that is no batch of elements, and of time. */
#pragma once

#include "tests/model/rules.h"

struct place { /* of a run */
    struct request *r;
    struct run *a;
};

/* The run that an element names by id, fence and worker; a is NULL when it is no such run. */
struct place run_held(struct world *world, int64_t id, int64_t fence, int worker);
bool is_paused(const struct world *world, const struct request *r);
bool run_is_open(const struct request *r, const struct run *a);

bool expect_claim(struct world *world, int64_t id, int worker);
bool expect_heartbeat(struct world *world, int64_t id, int64_t fence, int worker);
bool expect_adopt(struct world *world, struct request *r, struct run *a, int worker);
bool expect_adoption_end(struct world *world, const struct element *e, bool final);
/* Bit n + 1 of what a run stored is output item 100 n + 1; `same` bytes as ever for that item. */
struct answer expect_chunk(struct world *world, const struct element *e, int bit, bool same);

struct swept {
    int lost, expired;
    bool cancel, adoptable;
};
/* `away`: bits of the backends that the worker knows to be away. */
void expect_sweep(struct world *world, int worker, unsigned away, struct swept *ret_swept);
bool expect_hint(const struct world *world, const struct request *r, const struct run *a,
                 unsigned away);

void run_lost(struct world *world, struct request *r, struct run *a);
void run_left_open(struct world *world, struct request *r, struct run *a, bool adopt,
                   const char *actor);
void run_give_up(struct request *r, struct run *a, const char *actor);
void adoption_close(struct world *world, struct request *r, struct run *a);
bool still_approved(const struct world *world, const struct request *r);
