/* What the audit commands work on: the verifier's connection, public keys, heads that left.
 */
#pragma once

#include "admin/audit/verify.h"

struct audit_place {
    struct db *db;                            /* in one read-only transaction */
    struct public_keys *keys, *decision_keys; /* of seals, and of decisions */
    struct seal *heads;                       /* by their numbers */
    size_t head_count, other_lines;           /* lines of the file that are no heads */
};

/* By settings, else those of the stack that runs in DATA_DIR. `head` is a file of heads or one
 * head; NULL takes SEAL_HEADS_FILE where there is one. */
bool audit_place_open(const char *head, struct audit_place *ret_place,
                      struct error *err) MUST_CHECK;
/* Without a database: the keys alone. Caller frees. */
bool audit_place_keys(struct public_keys **ret_keys, struct error *err) MUST_CHECK;
void audit_place_auto(struct audit_place *place);
