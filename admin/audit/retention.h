/* The signed statements of a proposal to drop a part of the audit trail: who proposed it, and who
 * agreed. Only the api could sign them. */
#pragma once

#include "common/base/signing.h"
#include "common/domain/retention.h"
#include "common/io/db.h"

/* Columns of verify_retentions; from FORMAT to the last one they are what its digest covers. */
enum retention_column {
    RETENTION_ID,
    RETENTION_FORMAT_OF_ROW,
    RETENTION_STATE = 3,
    RETENTION_FIRST_SEAL,
    RETENTION_SEAL,
    RETENTION_SEAL_HASH,
    RETENTION_EVENTS,
    RETENTION_PROPOSED_BY = 9,
    RETENTION_AGREED_BY = 13,
    RETENTION_DROPPED_XID = 20,
    RETENTION_MANIFEST,
    RETENTION_DROPPED_EVENTS,
    RETENTION_KEPT_EVENTS
};

enum { RETENTION_STATEMENTS = 2 }; /* the first proposes, the second agrees */

struct signed_statement {
    struct retention_statement said;
    const char *key_id;
    struct bytes signature;
};

/* What is wrong with it; NULL when it holds. */
const char *statement_fault(const struct signed_statement *statement,
                            const struct public_keys *keys);

/* Statement `n` of a row, borrowed from it; false when nobody has made it. */
bool statement_read(const struct rows *rows, size_t row, int n, const char *instance,
                    struct signed_statement *ret_statement);

const char *statement_role(int n);
