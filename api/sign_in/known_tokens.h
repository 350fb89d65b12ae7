/* API tokens that the database has just vouched for. */
#pragma once

#include "api/sign_in/identity.h"
#include "common/base/crypto.h"

/* For how long: only what is asked of the database once more with each change that it makes goes
 * by this, so that a token which ended meanwhile still does nothing. */
#define KNOWN_TOKEN_MS 1000

struct known_tokens;

struct known_tokens *known_tokens_new(void);
void known_tokens_free(struct known_tokens *known);

/* False when the token of this digest is not known, or not for the last KNOWN_TOKEN_MS.
 * now_ms: monotonic. */
bool known_tokens_find(struct known_tokens *known, const uint8_t digest[SHA256_SIZE],
                       int64_t now_ms, struct identity *ret_identity);
void known_tokens_put(struct known_tokens *known, const uint8_t digest[SHA256_SIZE], int64_t now_ms,
                      const struct identity *identity);
