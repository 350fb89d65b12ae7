/* PostgreSQL: connections, a pool of them, and prepared statements by name.
 * The one home of libpq-fe.h. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/io/rows.h"

struct db;      /* one connection; one thread at a time */
struct db_pool; /* a fixed number of them; any thread */

/* A named statement out of sql/queries; build/gen/statements.h is made from
 * those files and holds one typed inline function per statement. */
struct statement {
    const char *name;
    const char *text;
    const char *file; /* for messages */
    int line;
    int param_count;
    int form; /* of its rows: enum rows_form */
};

enum db_param_kind { DB_NULL, DB_TEXT, DB_INT8, DB_INT4, DB_BYTEA, DB_BOOL };

struct db_param {
    enum db_param_kind kind;
    int64_t number;
    struct bytes bytes; /* DB_TEXT, DB_BYTEA: borrowed for the call; NULL data is SQL NULL */
};

/* ERR_UNAVAILABLE when it can not be reached. Caller frees with db_close. */
bool db_open(const char *url, const char *application, struct db **ret_db,
             struct error *err) MUST_CHECK;
void db_close(struct db *db);
void db_auto(struct db **db);
void db_answers_within(struct db *db, int64_t answer_ms); /* from now on; else 30 s */

/* Runs one statement, in a transaction of its own; prepares it on first use.
 * ERR_UNAVAILABLE: it did not run. ERR_BUSY: it was rolled back because of others,
 * such as a lock that was not given in time. ERR_LOST: the connection broke after it was
 * sent, and nobody knows whether it committed. Errors that our SQL functions
 * raise keep their code and field. The next call reconnects. */
bool db_run(struct db *db, const struct statement *statement, const struct db_param *params,
            struct rows **ret_rows, struct error *err) MUST_CHECK;

/* Several statements without parameters, as psql runs a file: migrations and tests only. */
bool db_run_script(struct db *db, const char *sql, struct error *err) MUST_CHECK;

/* What ALTER ROLE takes instead of a clear password. Caller frees. */
bool db_password_verifier(struct db *db, const char *role, const char *password,
                          char **ret_verifier, struct error *err) MUST_CHECK;

/* Prepares each of a table that ends with NULL (`statement_table`), so that a
 * wrong table or column stops the start with its file and line. */
bool db_check_statements(struct db *db, const struct statement *const *table,
                         struct error *err) MUST_CHECK;

/* Connects lazily; `size` connections at most. Free after all users are gone. */
struct db_pool *db_pool_new(const char *url, const char *application, size_t size);
void db_pool_free(struct db_pool *pool);
/* Waits up to 5 s for a free connection, else ERR_UNAVAILABLE. */
bool db_pool_take(struct db_pool *pool, struct db **ret_db, struct error *err) MUST_CHECK;
void db_pool_give(struct db_pool *pool, struct db *db);
/* take, run, give */
bool db_pool_run(struct db_pool *pool, const struct statement *statement,
                 const struct db_param *params, struct rows **ret_rows,
                 struct error *err) MUST_CHECK;
