/* Cuts a stream into lines, whatever pieces it comes in, with limits on both. */
#pragma once

#include "common/base/bytes.h"

/* Each line without its end, and then what stood behind the last end. `whole`
 * false: only the first bytes of a line that was too long. False ends it all. */
typedef bool e2b_line_fn(void *context, struct bytes line, bool whole);

struct e2b_lines {
    struct buffer pending;
    size_t line_max;
    uint64_t left; /* bytes that may still come */
    bool skipping; /* the rest of a line that was too long */
};

void e2b_lines_auto(struct e2b_lines *lines);
/* False when `each` said so, or more came than may: then `left` is 0. */
bool e2b_lines_take(struct e2b_lines *lines, struct bytes piece, e2b_line_fn *each, void *context);
bool e2b_lines_end(struct e2b_lines *lines, e2b_line_fn *each, void *context);
