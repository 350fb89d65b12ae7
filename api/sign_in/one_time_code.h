/* One-time codes of an authenticator app: TOTP of RFC 6238, SHA-1, 6 digits, 30 seconds. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"

#define CODE_SECRET_SIZE 20 /* bytes: as long as what HMAC-SHA-1 gives, RFC 4226 4 */
#define CODE_SECRET_TEXT 33 /* base32 without padding, NUL */
#define CODE_DIGITS 6
#define CODE_SECONDS 30

/* How an app takes the secret in: base32 of RFC 4648. */
void one_time_code_secret_text(const uint8_t secret[CODE_SECRET_SIZE],
                               char ret_text[CODE_SECRET_TEXT]);

/* Whether `code` is that of `now` (seconds since 1970) or of one step before or after, and in
 * ret_step whose: who lets somebody in by it must let nobody in by that step or an earlier one
 * again. */
bool one_time_code_matches(const uint8_t secret[CODE_SECRET_SIZE], const char *code, int64_t now,
                           int64_t *ret_step) MUST_CHECK;
