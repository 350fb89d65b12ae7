/* Takes up runs that other workers lost while their service went on with them. */
#pragma once

#include "worker/worker.h"

struct run;

/* Adopts as many as slots are free, and hands them over. The sweep's thread. */
void adopt_lost(struct worker *worker);

/* What a slot does with one: no code is sent, only what comes of it is read, and
 * written down as evidence with the fence that it has. */
void adopt_run(struct run *run);
