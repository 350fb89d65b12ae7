/* What the api signed, as rows tell of it: decisions, and proposals to drop rows. */
#pragma once

#include "common/base/signing.h"
#include "common/io/db.h"

#define SIGNATURE_FALSE "says what its signature does not"

/* Milliseconds since 1970; -1, which nobody signs, when the time has a part of one. */
int64_t signed_ms(const struct rows *rows, size_t row, int column);

/* Why the key with this id, NULL for none, could not sign then; NULL when it could. */
const char *key_fault(const struct public_keys *keys, const char *key_id, int64_t at_ms,
                      const struct public_key **ret_key);
