/* A race: several clients on the requests of one story. */
#pragma once

#include "tests/model/play.h"

void play_race(struct play *play);
/* Whether this race settles lost runs: then the end of a run may be a person's word. */
bool race_settles(const struct play *play);
/* Remembers what was answered. */
void race_keep(struct play *play, const struct element *e, const json_t *told);
