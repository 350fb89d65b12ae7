/* SIGTERM and SIGINT, read where they are wanted instead of interrupting. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"

struct signals;

/* Blocks them for this thread and all that it starts. SIGPIPE is ignored. */
bool signals_open(struct signals **ret_signals, struct error *err) MUST_CHECK;
void signals_close(struct signals *signals);
bool signals_wait(struct signals *signals, int64_t wait_ms); /* true: one came */
