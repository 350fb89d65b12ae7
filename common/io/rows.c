/* Answers of the database: text or binary columns behind one set of getters. */
#include <assert.h>
#include <endian.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/db_internal.h"

struct rows {
    PGresult *result;     /* of copied ones, what describes their columns */
    struct copied copied; /* cells NULL: not copied */
};

struct rows *rows_new(PGresult *take_result)
{
    struct rows *rows = memory_new(1, sizeof *rows);
    rows->result = take_result;
    return rows;
}

struct rows *rows_new_copied(PGresult *take_columns, struct copied *take_copied)
{
    struct rows *rows = rows_new(take_columns);
    rows->copied = *take_copied;
    *take_copied = (struct copied){0};
    return rows;
}

void rows_free(struct rows *rows)
{
    if (!rows)
        return;
    PQclear(rows->result);
    copied_auto(&rows->copied);
    free(rows);
}

void rows_auto(struct rows **rows)
{
    rows_free(*rows);
    *rows = NULL;
}

size_t rows_count(const struct rows *rows)
{
    return rows->copied.cells ? rows->copied.count : (size_t)PQntuples(rows->result);
}

int rows_columns(const struct rows *rows)
{
    return PQnfields(rows->result);
}

struct bytes rows_bytes(const struct rows *rows, size_t row, int column)
{
    const struct copied *copied = &rows->copied;
    if (copied->cells) {
        assert(row < copied->count && column >= 0 && (size_t)column < copied->columns);
        const struct cell *cell = &copied->cells[row * copied->columns + (size_t)column];
        if (cell->len < 0)
            return (struct bytes){0};
        return (struct bytes){copied->data.data + cell->at, (size_t)cell->len};
    }
    if (PQgetisnull(rows->result, (int)row, column))
        return (struct bytes){0};
    return (struct bytes){PQgetvalue(rows->result, (int)row, column),
                          (size_t)PQgetlength(rows->result, (int)row, column)};
}

bool rows_is_null(const struct rows *rows, size_t row, int column)
{
    return !rows_bytes(rows, row, column).data;
}

const char *rows_text(const struct rows *rows, size_t row, int column)
{
    return rows_bytes(rows, row, column).data;
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
    uint16_t small;
    if (value.len == sizeof small) {
        memcpy(&small, value.data, sizeof small);
        return (int16_t)be16toh(small);
    }
    return value.len ? *(const uint8_t *)value.data : 0;
}

int64_t rows_integer(const struct rows *rows, size_t row, int column)
{
    if (rows->copied.cells || PQfformat(rows->result, column) == 1)
        return integer_from_binary(rows_bytes(rows, row, column));
    const char *text = rows_text(rows, row, column);
    if (!text)
        return 0;
    return *text == 't' ? 1 : strtoll(text, NULL, 10);
}

/* Types whose text is not what the server sends in binary form. */
enum type {
    BOOL = 16,
    INT8 = 20,
    INT2 = 21,
    INT4 = 23,
    TIMESTAMPTZ = 1184,
    JSONB = 3802,
    XID8 = 5069
};

#define SINCE_1970_US INT64_C(946684800000000) /* of 2000, where the server's times begin */

int64_t rows_time_us(const struct rows *rows, size_t row, int column)
{
    return rows_integer(rows, row, column) + SINCE_1970_US;
}

static void add_bytes(struct buffer *buffer, const void *data, size_t len)
{
    buffer_add_u32be(buffer, (uint32_t)len);
    buffer_add(buffer, data, len);
}

/* printf would take longer than all the rest. */
static void add_number(struct buffer *buffer, int64_t number)
{
    char digits[28];
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (number < 0)
        digits[--at] = '-';
    uint32_t len = htobe32((uint32_t)(sizeof digits - at));
    at -= sizeof len;
    memcpy(digits + at, &len, sizeof len);
    buffer_add(buffer, digits + at, sizeof digits - at);
}

void rows_add_field(const struct rows *rows, size_t row, int column, struct buffer *buffer)
{
    struct bytes value = rows_bytes(rows, row, column);
    if (!value.data) {
        buffer_add_u32be(buffer, UINT32_MAX);
        return;
    }
    switch (PQftype(rows->result, column)) {
    case INT2:
    case INT4:
    case INT8:
    case XID8:
        add_number(buffer, integer_from_binary(value));
        break;
    case TIMESTAMPTZ:
        add_number(buffer, integer_from_binary(value) + SINCE_1970_US);
        break;
    case BOOL:
        add_bytes(buffer, *(const char *)value.data ? "true" : "false",
                  *(const char *)value.data ? 4 : 5);
        break;
    case JSONB: /* behind a byte that names its version */
        add_bytes(buffer, (const char *)value.data + 1, value.len - 1);
        break;
    default:
        add_bytes(buffer, value.data, value.len);
    }
}
