/* The Idempotency-Key header: a quoted string as the IETF draft has it, or the bare key. */
#pragma once

#include "common/base/error.h"

#define IDEMPOTENCY_KEY_SIZE 256

/* ERR_BAD_REQUEST with the field Idempotency-Key when it is malformed. */
bool idempotency_key_read(const char *header, char ret_key[IDEMPOTENCY_KEY_SIZE],
                          struct error *err) MUST_CHECK;
