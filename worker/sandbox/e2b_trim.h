/* Empties what is too large to be read into memory out of a line of JSON. */
#pragma once

#include "common/base/bytes.h"

/* How many values the text holds, at least: separators outside strings. */
size_t e2b_values(struct bytes json);
/* The same object, with every list and object in it emptied. */
void e2b_trim(struct bytes json, struct buffer *ret_json);
