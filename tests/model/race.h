/* A race: several clients on the requests of one story. */
#pragma once

#include "tests/model/play.h"

void play_race(struct play *play);
/* Remembers what was answered. */
void race_keep(struct play *play, const struct element *e, const json_t *told);
