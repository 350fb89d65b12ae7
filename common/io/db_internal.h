/* What the files of the database module share and nobody else includes. */
#pragma once

#include <libpq-fe.h>

#include "common/io/db.h"

struct db *db_new(const char *url, const char *application); /* connects on first use */
PGconn *db_connection(struct db *db);                        /* the open one; borrowed */
struct rows *rows_new(PGresult *take_result);
/* What came by COPY: the values of all rows, and where each is. */
struct copied {
    struct buffer data;
    struct cell *cells; /* row by row */
    size_t count, columns;
};
struct cell {
    uint32_t at; /* in data, with a NUL behind it */
    int32_t len; /* -1: null */
};
void copied_auto(struct copied *copied);
/* `columns` describes them. */
struct rows *rows_new_copied(PGresult *take_columns, struct copied *take_copied);
/* Finds the values in what COPY sent, which is in `data`. False when it is something else. */
bool copied_read(struct copied *copied);

/* A connection, and what describes the columns of the statement, which is prepared. */
struct copying {
    PGconn *conn;
    const PGresult *columns;
    int64_t answer_ms;
};
/* ERR_LOST, ERR_UNAVAILABLE: the connection is of no use any more. */
bool db_copy(const struct copying *copying, const struct statement *statement,
             const struct db_param *params, struct rows **ret_rows, struct error *err);
bool db_wait(PGconn *conn, short events, int64_t deadline_ms);
/* False when it took too long; not sent: libpq failed, as the next result tells. */
bool db_flush(PGconn *conn, int64_t deadline_ms, bool *ret_sent);
bool db_fail_from_result(const struct statement *statement, const PGresult *result,
                         struct error *err);
