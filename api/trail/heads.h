/* The file outside the database that gets the signed head of each seal: only more is ever appended.
 */
#pragma once

#include "common/domain/seal.h"

/* The last head in the file; n is 0 when there is no file yet, or none in it. */
bool heads_last(const char *path, struct seal *ret_seal, struct error *err) MUST_CHECK;

/* On disk when this returns. */
bool heads_append(const char *path, const struct seal *seal, struct error *err) MUST_CHECK;
