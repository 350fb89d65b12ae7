#include "common/base/jws.h"

#include <cjose/cjose.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/crypto.h"

#define KEYS_MAX 64
#define HEADER_MAX 1024
#define HEADER_DEPTH 4
#define PARTS 3
#define RSA_MIN_CHARS 342 /* of a modulus of 2048 bits, base64url */

/* The kind of key that each algorithm wants, and the members that make up its public half: no
 * other member of a key is ever looked at. */
static const struct algorithm {
    const char *name, *kty, *crv;
    const char *members[3];
} algorithms[] = {
    {"RS256", "RSA", NULL, {"n", "e", NULL}},
    {"ES256", "EC", "P-256", {"x", "y", NULL}},
};

static void jws_auto(cjose_jws_t **jws)
{
    cjose_jws_release(*jws);
}

static void jwk_auto(cjose_jwk_t **jwk)
{
    if (*jwk)
        cjose_jwk_release(*jwk);
}

static const struct algorithm *find_algorithm(const char *name)
{
    for (size_t i = 0; name && i < COUNT_OF(algorithms); i++)
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    return NULL;
}

/* A member that is absent fits, too. */
static bool is_or_absent(const json_t *key, const char *name, const char *wanted)
{
    const json_t *value = json_object_get(key, name);
    return !value || (json_is_string(value) && strcmp(json_string_value(value), wanted) == 0);
}

static bool is(const json_t *key, const char *name, const char *wanted)
{
    return json_object_get(key, name) && is_or_absent(key, name, wanted);
}

static bool fits(const json_t *key, const struct algorithm *algorithm, const char *kid)
{
    return is(key, "kty", algorithm->kty) && is_or_absent(key, "use", "sig") &&
           is_or_absent(key, "alg", algorithm->name) &&
           (!algorithm->crv || is(key, "crv", algorithm->crv)) && (!kid || is(key, "kid", kid));
}

/* NULL when the set has none, or without a key id several. */
static const json_t *find_key(const json_t *keys, const struct algorithm *algorithm,
                              const char *kid)
{
    size_t n;
    const json_t *key, *found = NULL;
    const json_t *list = json_object_get(keys, "keys");
    if (json_array_size(list) > KEYS_MAX)
        return NULL;
    json_array_foreach (list, n, key) {
        if (!fits(key, algorithm, kid))
            continue;
        if (found)
            return NULL;
        found = key;
    }
    return found;
}

/* The library ends the process over a text that is one character too long to be base64, and takes
 * some that mean the same as others. */
static bool is_base64url(struct bytes text)
{
    size_t len;
    AUTO(text) char *data = memory_new(text.len + 1, 1);
    return base64url_read(text, data, text.len, &len);
}

static cjose_jwk_t *import_key(const json_t *key, const struct algorithm *algorithm)
{
    AUTO(json) json_t *public = json_pack("{s:s}", "kty", algorithm->kty);
    if (algorithm->crv)
        json_object_set_new(public, "crv", json_string(algorithm->crv));
    for (const char *const *name = algorithm->members; *name; name++) {
        const char *value = json_text_of(key, *name);
        if (!value || !is_base64url(bytes_of(value)))
            return NULL;
        json_object_set_new(public, *name, json_string(value));
    }
    const char *modulus = json_text_of(public, "n");
    if (!algorithm->crv && (!modulus || strlen(modulus) < RSA_MIN_CHARS))
        return NULL;
    AUTO(text) char *text = json_text(public);
    return cjose_jwk_import(text, strlen(text), NULL);
}

static bool refuse(struct error *err, const char *why)
{
    return fail(err, ERR_NOT_ACCEPTABLE, "the token is refused: %s", why);
}

static bool read_claims(cjose_jws_t *jws, json_t **ret_claims, struct error *err)
{
    uint8_t *data;
    size_t len;
    if (!cjose_jws_get_plaintext(jws, &data, &len, NULL))
        return refuse(err, "it has no content");
    return json_read_object((struct bytes){data, len}, ret_claims, err) ||
           refuse(err, "it is no JSON object");
}

static const char *header_text(cjose_header_t *header, const char *name)
{
    return cjose_header_get(header, name, NULL);
}

/* Caller frees what cjose hands out as text. */
static bool has_critical(cjose_header_t *header)
{
    char *critical = cjose_header_get_raw(header, "crit", NULL);
    bool there = critical != NULL;
    free(critical);
    return there;
}

/* The library reads the header with more recursion than a thread of ours has room for. */
static bool is_shallow(struct bytes text)
{
    uint8_t header[HEADER_MAX];
    size_t len;
    return base64url_read(text, header, sizeof header, &len) &&
           json_depth_within((struct bytes){header, len}, HEADER_DEPTH);
}

/* header.content.signature */
static bool is_well_formed(const char *token)
{
    if (!is_shallow((struct bytes){token, strcspn(token, ".")}))
        return false;
    for (int part = 1; part <= PARTS; part++) {
        size_t len = strcspn(token, ".");
        if (!is_base64url((struct bytes){token, len}) || (token[len] == '.') != (part < PARTS))
            return false;
        token += len + (part < PARTS);
    }
    return true;
}

bool jws_verify(const char *token, const json_t *keys, json_t **ret_claims, struct error *err)
{
    size_t len = strnlen(token, JWS_MAX + 1);
    __attribute__((cleanup(jws_auto))) cjose_jws_t *jws =
        len <= JWS_MAX && is_well_formed(token) ? cjose_jws_import(token, len, NULL) : NULL;
    if (!jws)
        return refuse(err, "it is malformed");
    cjose_header_t *header = cjose_jws_get_protected(jws);
    const struct algorithm *algorithm = find_algorithm(header_text(header, "alg"));
    if (!algorithm)
        return refuse(err, "its algorithm is not RS256 or ES256");
    if (has_critical(header))
        return refuse(err, "it needs an extension");
    const char *kind = header_text(header, "typ");
    if (kind && strcasecmp(kind, "JWT") != 0) /* at+jwt, logout+jwt: not what signs somebody in */
        return refuse(err, "it is of another kind");
    const json_t *key = find_key(keys, algorithm, header_text(header, "kid"));
    if (!key)
        return fail(err, ERR_NOT_FOUND, "none of the provider's keys is meant by the token");
    __attribute__((cleanup(jwk_auto))) cjose_jwk_t *jwk = import_key(key, algorithm);
    if (!jwk || !cjose_jws_verify(jws, jwk, NULL))
        return refuse(err, "its signature is wrong");
    return read_claims(jws, ret_claims, err);
}
