/* Tells code from what stands in it as text: strings, comments and quoted names. */
#pragma once

#include "common/base/bytes.h"

#include <stdint.h>

enum source_part {
    SOURCE_CODE,
    SOURCE_STRING,
    SOURCE_COMMENT,
    SOURCE_NAME, /* of a table or column, in quotes */
};

/* One enum source_part for each byte; caller frees. In doubt a byte is code. The fields of
 * Python's formatted strings are code, as they are run. `language`: python, or sql as SQLite
 * reads it. */
uint8_t *source_parts(struct bytes code, const char *language);
