/* Who is in a story, and what each may do. */
#pragma once

#include "tests/model/world.h"

enum { MIA, MAX, NOOR, ANNA, BOTH, STRANGER, OTHER, EVA, ROOT, BOT, MADE, MULTI, LONER };

struct cast {
    const char *login, *roles; /* as JSON */
    unsigned teams;
    int owner, maker;
};
extern const struct cast cast_table[PEOPLE];

void people_set(struct world *world); /* what cast_table says; ids are left as they are */

bool can_see(const struct world *world, int who, const struct request *r);
bool is_reviewer(const struct world *world, int who, int team);
bool is_own(const struct world *world, int who, const struct request *r);
unsigned makers_of(const struct world *world, int who); /* a person and who answers for it */

/* Random, from the seed alone. */
uint64_t draw(struct world *world);
int below(struct world *world, int n);
bool chance(struct world *world, int percent);
