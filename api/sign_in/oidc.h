/* Sign-in at an OpenID provider: authorization code with PKCE. Knows no database. */
#pragma once

#include "common/base/crypto.h"
#include "common/base/json.h"
#include "common/base/settings.h"

#define OIDC_FLOW_SECONDS 600

struct oidc;

/* NULL in ret_oidc when no OIDC_ISSUER is set. ERR_BAD_REQUEST names the setting that is wrong.
 * Asks nothing of the provider yet: it may be away when we start. */
bool oidc_new(const struct settings *settings, struct oidc **ret_oidc,
              struct error *err) MUST_CHECK;
void oidc_free(struct oidc *oidc); /* NULL is fine */

const char *oidc_issuer(const struct oidc *oidc);

/* Where the browser must go. `flow` is the secret of this sign-in, which the browser alone keeps;
 * `fresh` makes the provider ask for credentials again. Caller frees. ERR_UNAVAILABLE, ERR_BUSY. */
bool oidc_begin(struct oidc *oidc, const char *flow, bool fresh, char **ret_url,
                struct error *err) MUST_CHECK;

/* What the browser came back with. */
struct oidc_return {
    const char *flow, *code, *state;
    const char *issuer; /* NULL: not said */
};

/* Whether it is the answer to what this flow asked for. ERR_NOT_ACCEPTABLE names the field. */
bool oidc_check_return(struct oidc *oidc, const struct oidc_return *back,
                       struct error *err) MUST_CHECK;

/* Redeems the code. `signed_in`: seconds since 1970 before which the person must not have signed
 * in, or 0. The claims are checked. ERR_NOT_ACCEPTABLE, ERR_UNAVAILABLE, ERR_BUSY. */
bool oidc_finish(struct oidc *oidc, const struct oidc_return *back, int64_t signed_in,
                 json_t **ret_claims, struct error *err) MUST_CHECK;
