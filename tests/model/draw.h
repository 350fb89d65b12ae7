/* Random elements: mostly what could happen next, sometimes what must be refused. */
#pragma once

#include <jansson.h>

#include "tests/model/rules.h"

#define BATCH 50 /* elements of one call at most */

struct element draw_element(struct world *world, enum call call);
/* The element as the functions take it; caller frees. */
json_t *element_json(const struct world *world, const struct element *e);

/* Index of a request, mostly in one of the states (bits); -1 for one that there is not. */
int draw_request(struct world *world, unsigned states);
/* Names a run, mostly one in these states, mostly with its fence and its worker. */
void draw_run(struct world *world, unsigned states, struct element *e);
json_t *actor_json(const struct world *world, int who, bool token);
