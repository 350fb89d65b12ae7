/* Answers of the database: text or binary columns behind one set of getters. */
#include <endian.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/db_internal.h"

struct rows {
    PGresult *result;
};

struct rows *rows_new(PGresult *take_result)
{
    struct rows *rows = memory_new(1, sizeof *rows);
    rows->result = take_result;
    return rows;
}

void rows_free(struct rows *rows)
{
    if (!rows)
        return;
    PQclear(rows->result);
    free(rows);
}

void rows_auto(struct rows **rows)
{
    rows_free(*rows);
    *rows = NULL;
}

size_t rows_count(const struct rows *rows)
{
    return (size_t)PQntuples(rows->result);
}

bool rows_is_null(const struct rows *rows, size_t row, int column)
{
    return PQgetisnull(rows->result, (int)row, column);
}

const char *rows_text(const struct rows *rows, size_t row, int column)
{
    return rows_is_null(rows, row, column) ? NULL : PQgetvalue(rows->result, (int)row, column);
}

struct bytes rows_bytes(const struct rows *rows, size_t row, int column)
{
    if (rows_is_null(rows, row, column))
        return (struct bytes){0};
    return (struct bytes){PQgetvalue(rows->result, (int)row, column),
                          (size_t)PQgetlength(rows->result, (int)row, column)};
}

static int64_t integer_from_binary(struct bytes value)
{
    uint64_t wide;
    uint32_t narrow;
    if (value.len == sizeof wide) {
        memcpy(&wide, value.data, sizeof wide);
        return (int64_t)be64toh(wide);
    }
    if (value.len == sizeof narrow) {
        memcpy(&narrow, value.data, sizeof narrow);
        return (int32_t)be32toh(narrow);
    }
    return value.len ? *(const uint8_t *)value.data : 0;
}

int64_t rows_integer(const struct rows *rows, size_t row, int column)
{
    if (PQfformat(rows->result, column) == 1 && !rows_is_null(rows, row, column))
        return integer_from_binary(rows_bytes(rows, row, column));
    const char *text = rows_text(rows, row, column);
    if (!text)
        return 0;
    return *text == 't' ? 1 : strtoll(text, NULL, 10);
}
