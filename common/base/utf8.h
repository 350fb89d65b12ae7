/* Reads UTF-8 one character at a time, strictly. */
#pragma once

#include <stdint.h>

/* One character of valid or broken UTF-8: its value, or -1 where it is broken.
 * Moves *io_at on, never beyond `end`. */
int32_t utf8_next(const unsigned char **io_at, const unsigned char *end);
