/* A timed wait that another thread can end early. */
#pragma once

#include <stdint.h>

struct pulse;

struct pulse *pulse_new(void);
void pulse_free(struct pulse *pulse);
/* At most `wait_ms`; at once when it was rung since the last wait. */
void pulse_wait(struct pulse *pulse, int64_t wait_ms);
void pulse_ring(struct pulse *pulse);
