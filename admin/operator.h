/* What the people and token commands share: the operator's connection, and
 * JSON objects in and out. */
#pragma once

#include "common/base/json.h"
#include "common/io/db.h"

/* As DATABASE_URL says; without it, the stack that runs in DATA_DIR. */
bool operator_open(struct db **ret_db, struct error *err) MUST_CHECK;

/* The address people use: PUBLIC_URL, else the running stack's. Caller frees. */
bool operator_public_url(char **ret_url, struct error *err) MUST_CHECK;

/* "a,b" as an array; NULL gives an empty one. */
json_t *operator_list(const char *text);

/* The one value an answer holds; caller decrefs. */
bool operator_answer(const struct rows *rows, json_t **ret_json, struct error *err) MUST_CHECK;

/* A table of texts: one line per object, columns as wide as they need. */
void operator_print(const json_t *list, const char *const *columns, size_t count);

typedef bool operator_statement_fn(struct db *db, const char *item, struct rows **ret_rows,
                                   struct error *err);
/* Calls the statement with the object it takes over; caller decrefs the answer. */
bool operator_call(operator_statement_fn *statement, json_t *take_item, json_t **ret_answer,
                   struct error *err) MUST_CHECK;
