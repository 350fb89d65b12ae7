/* Answers of the database. */
#pragma once

#include "common/base/bytes.h"

struct rows; /* an answer; free with rows_free */

/* How columns come. Binary is needed where one is bytea. Copied is binary, too, but by COPY, for
 * thousands of rows: half of the work for both sides. */
enum rows_form { ROWS_TEXT, ROWS_BINARY, ROWS_COPIED };

void rows_free(struct rows *rows);
void rows_auto(struct rows **rows); /* AUTO(rows) struct rows *rows = NULL; */
size_t rows_count(const struct rows *rows);
int rows_columns(const struct rows *rows);
bool rows_is_null(const struct rows *rows, size_t row, int column);
/* Borrowed until rows_free. Text of a binary column only for text types. */
const char *rows_text(const struct rows *rows, size_t row, int column);
struct bytes rows_bytes(const struct rows *rows, size_t row, int column);
/* Adds a value of a binary column as cs.fields(cs.bytes(value::text)) has it: its text, or bytes,
 * behind its length in 4 bytes; null as four bytes 0xff; a time in microseconds since 1970. */
void rows_add_field(const struct rows *rows, size_t row, int column, struct buffer *buffer);
int64_t rows_integer(const struct rows *rows, size_t row, int column); /* int4, int8, bool */
int64_t rows_time_us(const struct rows *rows, size_t row, int column); /* timestamptz, of 1970 */
