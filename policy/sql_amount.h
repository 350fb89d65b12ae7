/* What makes a query large without bounds, as far as it can be seen before it runs. */
#pragma once

#include "common/base/json.h"

/* The clause that a call of a function deserves, "amount.huge", "match.doubles", or NULL. */
const char *sql_amount_function(const char *name, const json_t *call);
/* As of a function: more digits than anybody reckons with, a match that may never end. */
const char *sql_amount_expression(const json_t *expression);
/* What the calls of a statement make of nothing, each series by each: {1, 1} before the first. */
struct sql_made {
    double rows, longest;
};
void sql_amount_add(const json_t *call, struct sql_made *made);
/* What is known of the WITH queries of a statement, for sql_amount_select(). Caller decrefs. */
json_t *sql_amount_queries(const json_t *statement);
/* As of a function, of a SELECT inside of a statement: "join.unlimited", "rows.endless", or NULL.
 */
const char *sql_amount_select(const json_t *select, const json_t *names);
