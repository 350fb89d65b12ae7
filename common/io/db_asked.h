/* A statement that a person wrote, read row by row up to its limits. Never one of ours. */
#pragma once

#include "common/base/json.h"
#include "common/io/db.h"

struct db_asked {
    const char *sql;
    const json_t *values; /* an array: each a text or null, for $1, $2, … */
    size_t rows_max;
    size_t bytes_max; /* of what the server sends, whether it is kept or not */
    int64_t wall_ms;
    /* Whether anybody still waits for it, looked at while it runs; NULL: always. */
    bool (*is_wanted)(void *context);
    void *context;
};

/* Prepares the text alone, so it can only be one statement, then runs it in whatever transaction
 * the connection is in. ret_table: {columns: [{name, type}], rows: [[…]], truncated}; whole numbers
 * a double can hold and booleans are JSON, everything else is PostgreSQL's text. Caller decrefs.
 * The statement may have changed the session: close the connection afterwards.
 * ERR_INVALID_FIELD sql, with line and column where the server names them; ERR_FORBIDDEN for what
 * the role may not; ERR_NOT_ACCEPTABLE when it took too long; ERR_CONFLICT when it is not wanted.
 */
bool db_ask(struct db *db, const struct db_asked *asked, json_t **ret_table,
            struct error *err) MUST_CHECK;
