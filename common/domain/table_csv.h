/* A table as CSV that a spreadsheet opens without running anything. */
#pragma once

#include "common/base/json.h"

/* `table` is {"columns": [{"name"}], "rows": [[…]]}. Cells that a spreadsheet
 * would take for a formula get an apostrophe in front. */
bool table_csv_write(const json_t *table, struct buffer *out, struct error *err) MUST_CHECK;
