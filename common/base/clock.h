/* The two clocks: the wall, for records; the monotonic one, for deadlines. */
#pragma once

#include <stdint.h>

int64_t clock_wall_ms(void);      /* since 1970 UTC */
int64_t clock_monotonic_ms(void); /* never jumps; means nothing to another host */
int64_t clock_monotonic_us(void);
void clock_format(int64_t wall_ms, char ret_text[25]); /* 2026-11-20T16:05:00.123Z */
