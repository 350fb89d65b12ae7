/* One query on the audit views, as the database's auditor, who can read these and do nothing. */
#pragma once

#include "common/base/json.h"

struct auditor_query {
    const char *sql;
    const json_t *values;             /* of $1, $2, …: texts and nulls */
    bool (*is_wanted)(void *context); /* whether anybody still waits; NULL: always */
    void *context;
};

/* On a connection of its own, in a transaction that only reads and never commits; 10 s, 10,000
 * rows and 8 MiB at most. `url` must sign in as countersign_auditor. ret_table: {columns: [{name,
 * type}], rows: [[…]], truncated, elapsed_ms}; caller decrefs. Errors: see db_ask. */
bool auditor_run(const char *url, const struct auditor_query *query, json_t **ret_table,
                 struct error *err) MUST_CHECK;
