/* Whether the audit trail is whole: everything made anew from raw rows, and held against seals. */
#pragma once

#include <stdio.h>

#include "admin/audit/checked.h"
#include "common/domain/seal.h"
#include "common/io/db.h"

struct verify_options {
    const struct public_keys *keys, *decision_keys; /* of seals, and of decisions */
    const struct seal *heads;                       /* that left earlier, in any order */
    size_t head_count;
    const struct checked *checked; /* of an earlier run: its signatures hold; NULL: none */
    bool progress;                 /* a line on stderr now and then */
    FILE *dropped;                 /* gets a line for each part that was dropped; NULL: none */
};

struct verify_result {
    int64_t events, rows;  /* of the audit trail; of all tables */
    int64_t seals, epochs; /* an epoch more for each time that the database was restored */
    int64_t unsealed_us;   /* age of the oldest row that no seal covers; 0: there is none */
    struct seal newest;    /* n is 0 when there is none */
    int64_t now_us;        /* when, of the database's clock */
    /* Signatures of decisions: checked now; checked earlier; of those under the newest seal. */
    int64_t signed_now, signed_earlier, signed_sealed;
    /* What came of these, whose these are, and what these are is from before the audit trail
     * covered it. */
    int64_t unbound_attempts, unbound_requests, unbound_costs;
};

/* ERR_CONFLICT: it is broken, and the text names the first row found to be. Anything else: it could
 * not be read. Run it in one transaction, so that all of it is of one moment. */
bool verify_run(struct db *db, const struct verify_options *options,
                struct verify_result *ret_result, struct error *err) MUST_CHECK;
