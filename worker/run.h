/* What a slot does with one attempt, from its claim to its end. */
#pragma once

#include "worker/worker.h"

/* A slot_run_fn; `context` is the struct worker. */
void run_attempt(void *context, struct slot *slot);
