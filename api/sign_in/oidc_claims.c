#include "api/sign_in/oidc_claims.h"

#include <string.h>

#define SUBJECT_MAX 255
#define TOKEN_AGE_SECONDS 600

static bool refuse(struct error *err, const char *claim)
{
    return fail_field(err, ERR_NOT_ACCEPTABLE, claim, "the token is refused: its %s is wrong",
                      claim);
}

static bool is(const json_t *value, const char *wanted)
{
    return json_is_string(value) && json_string_length(value) == strlen(wanted) &&
           strcmp(json_string_value(value), wanted) == 0;
}

/* We are meant, and when others are, too, it was issued to us. */
static bool check_audience(const json_t *claims, const char *client_id, struct error *err)
{
    size_t n;
    const json_t *one, *audience = json_object_get(claims, "aud");
    const json_t *party = json_object_get(claims, "azp");
    bool ours = is(audience, client_id);
    json_array_foreach (audience, n, one)
        ours = ours || is(one, client_id);
    if (!ours)
        return refuse(err, "aud");
    if (party || json_array_size(audience) > 1)
        return is(party, client_id) || refuse(err, "azp");
    return true;
}

/* A claim that is a time, within bounds. */
static bool is_within(const json_t *claims, const char *name, int64_t least, int64_t most)
{
    const json_t *time = json_object_get(claims, name);
    if (!json_is_number(time))
        return false;
    double value = json_number_value(time);
    return value >= (double)least && value <= (double)most;
}

static bool check_times(const json_t *claims, const struct oidc_expected *expected,
                        struct error *err)
{
    int64_t early = expected->now - OIDC_LEEWAY_SECONDS, late = expected->now + OIDC_LEEWAY_SECONDS;
    if (!is_within(claims, "exp", early, INT64_MAX))
        return refuse(err, "exp");
    if (!is_within(claims, "iat", early - TOKEN_AGE_SECONDS, late))
        return refuse(err, "iat");
    if (json_object_get(claims, "nbf") && !is_within(claims, "nbf", INT64_MIN, late))
        return refuse(err, "nbf");
    if (expected->signed_in &&
        !is_within(claims, "auth_time", expected->signed_in - OIDC_LEEWAY_SECONDS, late))
        return refuse(err, "auth_time");
    return true;
}

bool oidc_claims_check(const json_t *claims, const struct oidc_expected *expected,
                       struct error *err)
{
    const json_t *subject = json_object_get(claims, "sub");
    if (!is(json_object_get(claims, "iss"), expected->issuer))
        return refuse(err, "iss");
    if (!is(json_object_get(claims, "nonce"), expected->nonce))
        return refuse(err, "nonce");
    if (!json_is_string(subject) || json_string_length(subject) == 0 ||
        json_string_length(subject) > SUBJECT_MAX)
        return refuse(err, "sub");
    return check_audience(claims, expected->client_id, err) && check_times(claims, expected, err);
}
