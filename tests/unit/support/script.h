/* A database that says what a test wrote down: for tests that are linked with `wraps_…` of
 * db_run and db_pool_run in the Makefile. */
#pragma once

#include "common/io/db.h"

/* What the statement of that name answers, call by call; the last one stays. `sql` gives its rows
 * out of the real PostgreSQL; both are borrowed. */
void script_answer(const char *statement, const char *sql);
void script_fail(const char *statement, enum error_code code);
/* Calls this after the newest of the above was given. */
void script_then(void (*then)(void *context), void *context);
void script_forget(void);

size_t script_calls(const char *statement); /* since the last script_forget */
/* The text that was its first parameter at the newest call; borrowed until script_forget. */
const char *script_told(const char *statement);
