/* The rules behind deception.h, one line of code at a time. */
#pragma once

#include "common/domain/deception.h"
#include "common/domain/source.h"

#define DECEPTION_RULES 13
#define DECEPTION_LEVELS 3

struct deception_line {
    int64_t number;
    size_t count;              /* of characters, the line end not counted */
    const int32_t *characters; /* and a line end behind them */
    const size_t *offsets;     /* where each begins; one more for the end */
    const uint8_t *parts;      /* of the whole code: enum source_part */
};

struct deception_scan {
    struct buffer *found; /* struct deception, one behind the other */
    size_t counts[DECEPTION_RULES][DECEPTION_LEVELS];
    int64_t blank_lines; /* in front of this line */
};

void deception_scan_line(struct deception_scan *scan, const struct deception_line *line);
