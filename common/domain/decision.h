/* What the api signs of a decision and a worker verifies: its canonical bytes. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/crypto.h"
#include "common/base/json.h"

/* How a decision is signed: the second form signs what was acknowledged, too. Decisions of the
 * first were made before there was another. */
enum decision_form { DECISION_FORM_1 = 1, DECISION_FORM_2 };

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
    enum decision_form form;
    const json_t *acknowledged; /* texts: the ids of the findings that the reviewer read */
};

/* Whether something may run by such a verdict, until its end. */
bool decision_is_approval(const char *verdict);

/* Whether a stored decision can have been signed in such a form with such a list. */
bool decision_form_fits(int64_t form, const json_t *acknowledged);

/* The fields in the order of the struct after "countersign-decision-v1" or -v2, as
 * common/domain/fields.h has them. The digest is 32 raw bytes; of what was acknowledged there are
 * first the number and then each text, and nothing in the first form. */
void decision_encode(const struct decision *decision, struct buffer *ret_bytes);
