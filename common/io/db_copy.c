/* Statements by COPY in its binary form: rows come as they are, without libpq's copy of each value.
 */
#include <endian.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/io/db_internal.h"

#define SIGNATURE "PGCOPY\n\377\r\n" /* its NUL is the last byte of it */

void copied_auto(struct copied *copied)
{
    buffer_auto(&copied->data);
    free(copied->cells);
    *copied = (struct copied){0};
}

/* What is left to read. A number that is not there any more breaks it. */
struct input {
    char *data;
    size_t at, len;
    bool broken;
};

static uint32_t take_number(struct input *input, size_t size)
{
    uint8_t raw[4] = {0};
    input->broken = input->broken || input->len - input->at < size;
    if (input->broken)
        return 0;
    memcpy(raw + sizeof raw - size, input->data + input->at, size);
    /* The value before this number ends here, and shall end as a text does. */
    input->data[input->at] = '\0';
    input->at += size;
    return (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
}

static void take_header(struct input *input)
{
    input->broken =
        input->len < sizeof SIGNATURE || memcmp(input->data, SIGNATURE, sizeof SIGNATURE) != 0;
    input->at = input->broken ? 0 : sizeof SIGNATURE;
    /* No flags, and nothing behind them. */
    input->broken = input->broken || take_number(input, 4) != 0 || take_number(input, 4) != 0;
}

static struct cell *next_cells(struct copied *copied, size_t *io_size)
{
    if (copied->count == *io_size) {
        *io_size = *io_size ? 2 * *io_size : 64;
        copied->cells = realloc(copied->cells, *io_size * copied->columns * sizeof *copied->cells);
        if (!copied->cells)
            memory_none();
    }
    return &copied->cells[copied->count++ * copied->columns];
}

static void take_cell(struct input *input, struct cell *ret_cell)
{
    int32_t len = (int32_t)take_number(input, 4);
    *ret_cell = (struct cell){(uint32_t)input->at, len};
    if (len < 0)
        return;
    input->broken = input->broken || input->len - input->at < (size_t)len;
    input->at += input->broken ? 0 : (size_t)len;
}

bool copied_read(struct copied *copied)
{
    enum { END = UINT16_MAX };
    struct input input = {copied->data.data, 0, copied->data.len, copied->data.len >= UINT32_MAX};
    size_t size = 0;
    copied->count = 0;
    (void)next_cells(copied, &size); /* so that none is not NULL */
    copied->count = 0;
    if (!input.broken)
        take_header(&input);
    while (!input.broken) {
        uint32_t columns = take_number(&input, 2);
        if (columns == END)
            return !input.broken && input.at == input.len;
        input.broken = input.broken || columns != copied->columns;
        struct cell *cells = input.broken ? NULL : next_cells(copied, &size);
        for (size_t i = 0; i < copied->columns && !input.broken; i++)
            take_cell(&input, &cells[i]);
    }
    return false;
}

static void add_literal(PGconn *conn, const struct db_param *param, struct buffer *text)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, param->number);
    struct bytes value = param->kind == DB_TEXT ? param->bytes : bytes_of(number);
    char *literal = PQescapeLiteral(conn, value.data, value.len);
    if (!literal)
        memory_none();
    buffer_add_text(text, literal);
    PQfreemem(literal);
}

/* COPY takes no parameters: they are written into its text. */
static void write_text(PGconn *conn, const struct statement *statement,
                       const struct db_param *params, struct buffer *ret_text)
{
    buffer_add_text(ret_text, "copy (");
    for (const char *at = statement->text; *at;) {
        size_t plain = strcspn(at, "$");
        buffer_add(ret_text, at, plain);
        at += plain;
        int number = *at ? at[1] - '0' : 0;
        if (number >= 1 && number <= statement->param_count && number <= 9) {
            add_literal(conn, &params[number - 1], ret_text);
            at += 2;
        } else if (*at) {
            buffer_add(ret_text, at++, 1);
        }
    }
    buffer_add_text(ret_text, ") to stdout (format binary)");
}

/* NULL when there is no answer in time. */
static PGresult *next_result(PGconn *conn, int64_t deadline_ms)
{
    while (PQisBusy(conn))
        if (!db_wait(conn, POLLIN, deadline_ms) || !PQconsumeInput(conn))
            return NULL;
    return PQgetResult(conn);
}

static bool take_data(PGconn *conn, int64_t deadline_ms, struct buffer *data)
{
    char *part;
    int len;
    while ((len = PQgetCopyData(conn, &part, 1)) >= 0) {
        if (len > 0) {
            buffer_add(data, part, (size_t)len);
            PQfreemem(part);
        } else if (!db_wait(conn, POLLIN, deadline_ms) || !PQconsumeInput(conn)) {
            return false;
        }
    }
    return true; /* what went wrong is in the next result */
}

/* Up to the end of the answer, of which the first that went wrong counts. */
static PGresult *take_rows(PGconn *conn, int64_t deadline_ms, struct buffer *data)
{
    PGresult *kept = NULL;
    for (PGresult *next; (next = next_result(conn, deadline_ms));) {
        bool begins = PQresultStatus(next) == PGRES_COPY_OUT;
        if (kept && PQresultStatus(kept) == PGRES_FATAL_ERROR) {
            PQclear(next);
        } else {
            PQclear(kept);
            kept = next;
        }
        if (PQstatus(conn) != CONNECTION_OK || (begins && !take_data(conn, deadline_ms, data)))
            break;
    }
    return kept;
}

bool db_copy(const struct copying *copying, const struct statement *statement,
             const struct db_param *params, struct rows **ret_rows, struct error *err)
{
    PGconn *conn = copying->conn;
    AUTO(buffer) struct buffer text = {0};
    AUTO(copied) struct copied copied = {.columns = (size_t)PQnfields(copying->columns)};
    int64_t deadline_ms = clock_monotonic_ms() + copying->answer_ms;
    bool sent = false;
    write_text(conn, statement, params, &text);
    if (!PQsendQuery(conn, text.data) || !db_flush(conn, deadline_ms, &sent) || !sent)
        return fail(err, ERR_UNAVAILABLE, "%s could not be sent", statement->name);
    PGresult *result = take_rows(conn, deadline_ms, &copied.data);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!result || PQresultStatus(result) == PGRES_COPY_OUT)
        fail(err, ERR_LOST, "no answer to %s", statement->name);
    else if (!good)
        db_fail_from_result(statement, result, err);
    PQclear(result);
    if (!good)
        return false;
    if (!copied_read(&copied))
        return fail(err, ERR_LOST, "the answer to %s can not be read", statement->name);
    *ret_rows = rows_new_copied(PQcopyResult(copying->columns, PG_COPYRES_ATTRS), &copied);
    return true;
}
