/* Threads that check the signatures of decisions while other tables are read: all of them take
 * longer than the rest of audit verify. */
#pragma once

#include "common/base/signing.h"
#include "common/io/db.h"

struct signers;

/* What is wrong with a row of verify_decisions; NULL when nothing is. `message` is scratch. */
const char *decision_fault(const struct rows *rows, size_t row, bool is_checked,
                           const struct public_keys *keys, struct buffer *message);

/* Keys are borrowed until the end. */
struct signers *signers_new(const struct public_keys *keys);
/* Whether they would soon have nothing to do. */
bool signers_have_room(struct signers *signers);
/* A page of verify_decisions, and for each row whether its signature was checked before. Waits
 * while many pages do. */
void signers_take(struct signers *signers, struct rows *take_rows, bool *take_checked);
/* Waits for all of them, and frees. False: the first decision with a fault, and that. */
bool signers_end(struct signers *signers, struct error *err) MUST_CHECK;
