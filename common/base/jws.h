/* Signed tokens (JWS, compact form) against a set of public keys: the one home of libcjose. */
#pragma once

#include "common/base/json.h"

#define JWS_MAX 16384 /* bytes of a token */

/* What a token says, if one of the keys ({"keys": […]}, JWKS) signed it by RS256 or ES256; nothing
 * else is taken, `none` and HMAC least of all. ERR_NOT_FOUND: no key of the set is meant, perhaps
 * the set is old. ERR_NOT_ACCEPTABLE: refused. Caller decrefs. */
bool jws_verify(const char *token, const json_t *keys, json_t **ret_claims,
                struct error *err) MUST_CHECK;
