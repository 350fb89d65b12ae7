/* Makes a line of JSON readable: without what is too large, or what no reader of JSON takes. */
#pragma once

#include "common/base/bytes.h"

/* How many values the text holds, at least: separators outside strings. */
size_t e2b_values(struct bytes json);
/* The same object, with every list and object in it emptied. */
void e2b_trim(struct bytes json, struct buffer *ret_json);
/* The same text with U+FFFD for halves of pairs and for bytes that are no text, and null for
 * numbers that are none. */
void e2b_mend(struct bytes json, struct buffer *ret_json);
