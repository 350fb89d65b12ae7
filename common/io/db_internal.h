/* What the files of the database module share and nobody else includes. */
#pragma once

#include <libpq-fe.h>

#include "common/io/db.h"

struct db *db_new(const char *url, const char *application); /* connects on first use */
struct rows *rows_new(PGresult *take_result);
