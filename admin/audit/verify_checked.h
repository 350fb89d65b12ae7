/* What an earlier run need not be told again: the signatures of decisions under a head that it saw.
 * The rows under that head are held against it by their hashes, and have the digest of each
 * decision with its signature, so that one that was checked then is the one that is there now. */
#pragma once

#include <stdint.h>

#include "admin/audit/marks.h"
#include "common/base/error.h"
#include "common/domain/seal.h"

struct verify;

/* Whether the file of that run is about this database. */
bool verify_checked_begin(const struct verify *verify, struct error *err);
/* A seal comes, and there are no more. */
bool verify_checked_seal(const struct verify *verify, const struct seal *seal, struct error *err);
bool verify_checked_seals_end(const struct verify *verify, struct error *err);
/* Whether the signature was checked then, by a key that counted; counts it. `mark` is what the
 * audit trail says of the decision. */
bool verify_checked_decision(struct verify *verify, const struct mark *mark, const char *key_id);
/* There are no more decisions. */
bool verify_checked_end(const struct verify *verify, struct error *err);
