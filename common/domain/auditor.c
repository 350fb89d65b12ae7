#include "common/domain/auditor.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/io/db_asked.h"
#include "statements.h"

#define ROLE "countersign_auditor"
#define STATEMENT_MS "10000"
#define WALL_MS 12000 /* beyond it: for what the server's own limit does not end */
#define ROWS_MAX 10000
#define BYTES_MAX 8388608

/* Ours come first. A transaction that has read can not be made to write any more, and the name of
 * who is signed in was not touched yet by what somebody else wrote. */
static bool open_transaction(const char *url, struct db **ret_db, struct error *err)
{
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *begun = NULL;
    AUTO(rows) struct rows *guard = NULL;
    if (!url[0])
        return fail(err, ERR_NOT_IMPLEMENTED,
                    "queries are switched off here: AUDIT_DATABASE_URL is not set");
    if (!db_open(url, "countersign audit query", &db, err) || !sql_auditor_begin(db, &begun, err) ||
        !sql_auditor_guard(db, STATEMENT_MS, &guard, err))
        return false;
    if (strcmp(rows_text(guard, 0, 0), ROLE) != 0)
        return fail(err, ERR_INTERNAL, "AUDIT_DATABASE_URL signs in as %s instead of " ROLE,
                    rows_text(guard, 0, 0));
    *ret_db = TAKE(db);
    return true;
}

bool auditor_run(const char *url, const struct auditor_query *query, json_t **ret_table,
                 struct error *err)
{
    AUTO(db) struct db *db = NULL;
    int64_t begin_ms = clock_monotonic_ms();
    const struct db_asked asked = {
        .sql = query->sql,
        .values = query->values,
        .rows_max = ROWS_MAX,
        .bytes_max = BYTES_MAX,
        .wall_ms = WALL_MS,
        .is_wanted = query->is_wanted,
        .context = query->context,
    };
    if (!open_transaction(url, &db, err) || !db_ask(db, &asked, ret_table, err))
        return false;
    json_object_set_new(*ret_table, "elapsed_ms", json_integer(clock_monotonic_ms() - begin_ms));
    return true;
}
