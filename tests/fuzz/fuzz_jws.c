/* A signed token and the keys of a provider. Input: the keys as JSON on a line, then the token.
 * Every signature counts as right here, so that all that is behind it is reached. */
#include <cjose/cjose.h>

#include "common/base/crypto.h"
#include "common/base/jws.h"
#include "tests/fuzz/fuzz.h"

bool __wrap_cjose_jws_verify(cjose_jws_t *jws, const cjose_jwk_t *jwk, cjose_err *err);

bool __wrap_cjose_jws_verify(cjose_jws_t *jws, const cjose_jwk_t *jwk, cjose_err *err)
{
    (void)err;
    CLAIM(jws && jwk);
    return true;
}

static bool says(const json_t *object, const char *name, const char *text)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* A second reading of one part of a token. */
static json_t *part_of(const char *token, int n)
{
    while (n-- > 0)
        token += strcspn(token, ".") + 1;
    struct bytes text = {token, strcspn(token, ".")};
    AUTO(text) char *data = memory_new(text.len + 1, 1);
    size_t len = 0;
    CLAIM(base64url_read(text, data, text.len + 1, &len));
    return json_loadb(data, len, 0, NULL);
}

/* Whether the set has exactly one key that a token with this header can mean. */
static bool means_one_key(const json_t *keys, const json_t *header)
{
    size_t n, count = 0;
    const json_t *key, *kid = json_object_get(header, "kid");
    bool rsa = says(header, "alg", "RS256");
    json_array_foreach (json_object_get(keys, "keys"), n, key) {
        bool kind =
            rsa ? says(key, "kty", "RSA") : says(key, "kty", "EC") && says(key, "crv", "P-256");
        bool use = !json_object_get(key, "use") || says(key, "use", "sig");
        bool alg = !json_object_get(key, "alg") || says(key, "alg", rsa ? "RS256" : "ES256");
        if (kind && use && alg &&
            (!json_is_string(kid) || says(key, "kid", json_string_value(kid))))
            count++;
    }
    return count == 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    struct bytes line = fuzz_line(&fuzz);
    AUTO(text) char *token = fuzz_text(fuzz_rest(&fuzz));
    AUTO(json) json_t *keys = NULL;
    AUTO(json) json_t *claims = NULL;
    struct error err = {0};
    if (!json_read_object(line, &keys, &err))
        return 0; /* as what a provider answers is read */
    err = (struct error){0};
    if (!jws_verify(token, keys, &claims, &err)) {
        CLAIM(!claims && (err.code == ERR_NOT_ACCEPTABLE || err.code == ERR_NOT_FOUND));
        return 0;
    }
    AUTO(json) json_t *header = part_of(token, 0);
    AUTO(json) json_t *content = part_of(token, 1);
    CLAIM(strlen(token) <= JWS_MAX);
    CLAIM(says(header, "alg", "RS256") || says(header, "alg", "ES256"));
    CLAIM(!json_object_get(header, "crit"));
    CLAIM(means_one_key(keys, header));
    CLAIM(json_is_object(claims) && json_equal(claims, content));
    return 0;
}
