/* The signed decisions that an attempt rests on: whether they let these bytes run. */
#pragma once

#include "common/base/signing.h"
#include "worker/attempt.h"

#define APPROVAL_DECISIONS_MAX 32

/* Whether enough distinct people approved what will be sent, by signatures of the api, and none of
 * these ends before now, by the clock of the database. ERR_STALE says what is wrong. */
bool approval_holds(const struct attempt *attempt, const struct public_keys *keys,
                    struct error *err) MUST_CHECK;

/* The same with the keys in this file, read anew each time so that a key that is added or retired
 * counts at once. ERR_UNAVAILABLE when it can not be read. */
bool approval_check(const struct attempt *attempt, const char *keys_file,
                    struct error *err) MUST_CHECK;

/* [id, …] of the decisions; an empty list for an attempt without. Caller frees. */
json_t *approval_decision_ids(const struct attempt *attempt);
