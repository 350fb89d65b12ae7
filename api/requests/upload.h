/* An input file on its way into PostgreSQL, in chunks of at most 1 MiB. */
#pragma once

#include "api/api.h"

/* What a multipart body may have beyond the file itself. */
#define UPLOAD_ENVELOPE_BYTES 8192

struct upload;

void upload_free(struct upload *upload);

/* Who sends it has been checked; its body has not been read. */
bool upload_open(struct call *call, struct error *err) MUST_CHECK;
/* Stores what the exchange's body holds; with `last` the file is complete and
 * the reply is made. */
bool upload_store(struct call *call, bool last, struct error *err) MUST_CHECK;

/* Whether chunks lie in the database that no file will ever use. */
bool upload_is_cut(const struct upload *upload);
void upload_drop(struct upload *upload, struct db *db);
