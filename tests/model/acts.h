/* Steps of a story that are no batch: calls of workers, time, moved by changing rows, people. */
#pragma once

#include "tests/model/play.h"

void act_sweep(struct play *play);
void lease_passes(struct play *play);
void time_passes(struct play *play);
void pauses_change(struct play *play);
void pauses_end(struct play *play);
void people_change(struct play *play);
void adoptions_end(struct play *play); /* all that are held */
