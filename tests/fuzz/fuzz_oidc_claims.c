/* The claims of an ID token whose signature was right. Input: since when the person must have
 * signed in, as seconds before now (one byte, 0: whenever), then the claims as JSON. */
#include "api/sign_in/oidc_claims.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1800000000
#define AGE 600

static bool says(const json_t *value, const char *text)
{
    return json_is_string(value) && json_string_length(value) == strlen(text) &&
           memcmp(json_string_value(value), text, strlen(text)) == 0;
}

/* A second reading: integers as integers. */
static bool is_between(const json_t *time, int64_t least, int64_t most)
{
    if (json_is_integer(time))
        return json_integer_value(time) >= least && json_integer_value(time) <= most;
    return json_is_real(time) && json_real_value(time) >= (double)least &&
           json_real_value(time) <= (double)most;
}

static bool is_for_us(const json_t *audience, const json_t *party)
{
    size_t n, others = 0;
    const json_t *one;
    bool named = says(audience, "us");
    json_array_foreach (audience, n, one) {
        named = named || says(one, "us");
        others += n > 0;
    }
    return named && (others || party ? says(party, "us") : true);
}

static bool is_right(const json_t *claims, int64_t signed_in)
{
    const int64_t leeway = OIDC_LEEWAY_SECONDS;
    const json_t *subject = json_object_get(claims, "sub");
    const json_t *before = json_object_get(claims, "nbf");
    return says(json_object_get(claims, "iss"), "https://id.test") &&
           says(json_object_get(claims, "nonce"), "n-1") && json_is_string(subject) &&
           json_string_length(subject) >= 1 && json_string_length(subject) <= 255 &&
           is_for_us(json_object_get(claims, "aud"), json_object_get(claims, "azp")) &&
           is_between(json_object_get(claims, "exp"), NOW - leeway, INT64_MAX) &&
           is_between(json_object_get(claims, "iat"), NOW - leeway - AGE, NOW + leeway) &&
           (!before || is_between(before, INT64_MIN, NOW + leeway)) &&
           (!signed_in ||
            is_between(json_object_get(claims, "auth_time"), signed_in - leeway, NOW + leeway));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    int64_t ago = fuzz_byte(&fuzz);
    AUTO(json) json_t *claims = NULL;
    struct error err = {0};
    const struct oidc_expected expected = {
        .issuer = "https://id.test",
        .client_id = "us",
        .nonce = "n-1",
        .now = NOW,
        .signed_in = ago ? NOW - ago : 0,
    };
    if (!json_read_object(fuzz_rest(&fuzz), &claims, &err))
        return 0; /* jws_verify gives objects alone */
    err = (struct error){0};
    bool fine = oidc_claims_check(claims, &expected, &err);
    CLAIM(fine == is_right(claims, expected.signed_in));
    CLAIM(fine ? err.code == ERR_NONE : err.code == ERR_NOT_ACCEPTABLE && err.field[0]);
    return 0;
}
