/* What the files of the database module share and nobody else includes. */
#pragma once

#include <libpq-fe.h>

#include "common/io/db.h"

struct db *db_new(const char *url, const char *application); /* connects on first use */
PGconn *db_connection(struct db *db);                        /* the open one; borrowed */
struct rows *rows_new(PGresult *take_result);
