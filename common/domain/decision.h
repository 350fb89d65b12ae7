/* What the api signs of a decision and a worker verifies: its canonical bytes. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/crypto.h"

#define DECISION_FORMAT "countersign-decision-v1"
#define DECISION_APPROVE "approve"
#define DECISION_BREAK_GLASS "break_glass" /* an approval by one admin alone */

struct decision {
    const uint8_t *bundle_sha256; /* SHA256_SIZE bytes */
    int64_t request_id;
    int64_t revision;
    int64_t round; /* grows whenever decisions are voided */
    int64_t reviewer_id;
    const char *verdict; /* "approve", "reject", "request_changes" or "break_glass" */
    int64_t needed;      /* so many distinct people must approve */
    int64_t decided_ms;  /* since 1970, by the clock of the database, as all times */
    int64_t valid_ms;    /* an approval's end; 0 of other verdicts */
};

/* Whether something may run by such a verdict, until its end. */
bool decision_is_approval(const char *verdict);

/* The fields in the order of the struct after DECISION_FORMAT, as common/domain/fields.h has
 * them. The digest is 32 raw bytes. */
void decision_encode(const struct decision *decision, struct buffer *ret_bytes);
