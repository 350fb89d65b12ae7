/* What the claims of an ID token must be: OpenID Connect Core 3.1.3.7. */
#pragma once

#include "common/base/json.h"

#define OIDC_LEEWAY_SECONDS 30

struct oidc_expected {
    const char *issuer, *client_id, *nonce;
    int64_t now;       /* seconds since 1970 */
    int64_t signed_in; /* the person must have signed in no earlier; 0: whenever */
};

/* ERR_NOT_ACCEPTABLE, and the claim's name in `field`. */
bool oidc_claims_check(const json_t *claims, const struct oidc_expected *expected,
                       struct error *err) MUST_CHECK;
