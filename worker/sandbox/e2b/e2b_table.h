/* Makes a table of the columns that E2B gives for a DataFrame, where our own can not be had. */
#pragma once

#include "common/base/json.h"

/* {"a": [1, 2], "b": ["x", "y"]} as the JSON of a table item of at most `most` bytes,
 * with as many rows as fit. False when it is no table. */
bool e2b_table(const json_t *data, int64_t most, struct buffer *ret_json);
