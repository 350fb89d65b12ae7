/* Signed tokens: those of the standard, ours, and each way of being wrong. */
/* Proves: T27 V9.1.1 V9.1.2 V9.1.3 */
#include <cjose/cjose.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/crypto.h"
#include "common/base/jws.h"
#include "tests/unit/cmocka_all.h"

#define KEYS_MAX 64
#define CLAIMS "{\"sub\":\"ana\"}"

static cjose_jwk_t *rsa, *other_rsa, *small_rsa, *ec, *wide_ec, *secret;

static int init(void **state)
{
    struct error err = {0};
    const uint8_t exponent[] = {1, 0, 1};
    (void)state;
    rsa = cjose_jwk_create_RSA_random(2048, exponent, sizeof exponent, NULL);
    other_rsa = cjose_jwk_create_RSA_random(2048, exponent, sizeof exponent, NULL);
    small_rsa = cjose_jwk_create_RSA_random(1024, exponent, sizeof exponent, NULL);
    ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
    wide_ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_384, NULL);
    secret = cjose_jwk_create_oct_random(256, NULL);
    return crypto_init(&err) && rsa && other_rsa && small_rsa && ec && wide_ec && secret ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    cjose_jwk_t *all[] = {rsa, other_rsa, small_rsa, ec, wide_ec, secret};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        cjose_jwk_release(all[i]);
    return 0;
}

/* The key as a provider shows it, with these members beside, and all that is private, too. */
static json_t *shown(cjose_jwk_t *key, const char *more)
{
    char *text = cjose_jwk_to_json(key, true, NULL);
    json_t *shown = json_loads(text, 0, NULL);
    json_object_update_new(shown, json_loads(more, 0, NULL));
    cjose_get_dealloc()(text);
    return shown;
}

/* {"keys": […]} of one or two keys, which it takes. */
static json_t *set_of(json_t *take_one, json_t *take_two)
{
    json_t *keys = json_pack("{s:[o]}", "keys", take_one);
    if (take_two)
        json_array_append_new(json_object_get(keys, "keys"), take_two);
    return keys;
}

static char *signed_text(cjose_jwk_t *key, const char *header_text, const char *claims)
{
    AUTO(json) json_t *members = json_loads(header_text, 0, NULL);
    cjose_header_t *header = cjose_header_new(NULL);
    const char *name, *text;
    json_t *value;
    json_object_foreach (members, name, value) {
        AUTO(text) char *raw = json_text(value);
        assert_true(json_is_string(value)
                        ? cjose_header_set(header, name, json_string_value(value), NULL)
                        : cjose_header_set_raw(header, name, raw, NULL));
    }
    cjose_jws_t *jws = cjose_jws_sign(key, header, (const uint8_t *)claims, strlen(claims), NULL);
    assert_non_null(jws);
    assert_true(cjose_jws_export(jws, &text, NULL));
    char *copy = memory_text(text);
    cjose_jws_release(jws);
    cjose_header_release(header);
    return copy;
}

/* What comes of it; the claims are given with success alone. */
static enum error_code outcome(const char *token, const json_t *keys)
{
    struct error err = {0};
    json_t *claims = NULL;
    bool fine = jws_verify(token, keys, &claims, &err);
    assert_int_equal(fine, err.code == ERR_NONE);
    assert_int_equal(fine, claims != NULL);
    json_decref(claims);
    return err.code;
}

/* RFC 7515, A.2 and A.3: the keys, and the same content signed by each. */
#define RFC_CLAIMS                                                                                 \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
static const char rfc_keys[] =
    "{\"keys\":[{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoT"
    "bji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32"
    "690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665"
    "xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kz"
    "k2PAcDTW9gb54h4FRWyuXpoQ\"},{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1g"
    "HMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
static const char *const rfc_tokens[] = {
    "eyJhbGciOiJSUzI1NiJ9." RFC_CLAIMS
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2F"
    "p5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMH"
    "lb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9"
    "QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    "eyJhbGciOiJFUzI1NiJ9." RFC_CLAIMS
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
};

static void the_tokens_of_the_standard_are_read(void **state)
{
    (void)state;
    AUTO(json) json_t *keys = json_loads(rfc_keys, 0, NULL);
    for (size_t i = 0; i < COUNT_OF(rfc_tokens); i++) {
        struct error err = {0};
        AUTO(json) json_t *claims = NULL;
        assert_true(jws_verify(rfc_tokens[i], keys, &claims, &err));
        assert_string_equal(json_text_of(claims, "iss"), "joe");
        assert_int_equal(json_integer_of(claims, "exp", 0), 1300819380);
    }
}

static void no_character_can_be_changed(void **state)
{
    (void)state;
    AUTO(json) json_t *keys = json_loads(rfc_keys, 0, NULL);
    AUTO(text) char *token = memory_text(rfc_tokens[1]);
    size_t len = strlen(token);
    for (size_t i = strcspn(token, "."); i < len; i++) {
        char was = token[i];
        if (was == '.')
            continue;
        token[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(outcome(token, keys), ERR_NOT_ACCEPTABLE);
        token[i] = was;
    }
    assert_int_equal(outcome(token, keys), ERR_NONE);
    token[len - 1] = 'R'; /* for Q: a bit that means nothing */
    assert_int_equal(outcome(token, keys), ERR_NOT_ACCEPTABLE);
}

static void a_key_is_meant_by_its_name_and_its_kind(void **state)
{
    static const struct {
        const char *one, *two; /* what is said of rsa and other_rsa; NULL: the set has no second */
        const char *header;
        enum error_code code;
    } rows[] = {
        {"{\"kid\":\"a\"}", "{\"kid\":\"b\"}", "\"kid\":\"a\"", ERR_NONE},
        {"{\"kid\":\"b\"}", "{\"kid\":\"a\"}", "\"kid\":\"a\"", ERR_NOT_ACCEPTABLE},
        {"{\"kid\":\"a\"}", "{\"kid\":\"b\"}", "\"kid\":\"c\"", ERR_NOT_FOUND},
        {"{\"kid\":\"a\"}", NULL, "\"kid\":\"A\"", ERR_NOT_FOUND},
        {"{}", NULL, "\"kid\":\"a\"", ERR_NOT_FOUND},
        {"{}", NULL, "\"typ\":\"JWT\"", ERR_NONE},
        {"{\"kid\":\"a\"}", NULL, "\"typ\":\"JWT\"", ERR_NONE},
        {"{\"kid\":\"a\"}", "{\"kid\":\"b\"}", "\"typ\":\"JWT\"", ERR_NOT_FOUND}, /* which? */
        {"{\"kid\":\"a\"}", "{\"kid\":\"a\"}", "\"kid\":\"a\"", ERR_NOT_FOUND},
        {"{\"kid\":\"a\"}", "{\"use\":\"enc\"}", "\"typ\":\"JWT\"", ERR_NONE},
        {"{\"use\":\"sig\",\"alg\":\"RS256\"}", NULL, "\"typ\":\"JWT\"", ERR_NONE},
        {"{\"use\":\"enc\"}", NULL, "\"typ\":\"JWT\"", ERR_NOT_FOUND},
        {"{\"use\":1}", NULL, "\"typ\":\"JWT\"", ERR_NOT_FOUND},
        {"{\"alg\":\"RS512\"}", NULL, "\"typ\":\"JWT\"", ERR_NOT_FOUND},
        {"{\"kty\":\"EC\"}", NULL, "\"typ\":\"JWT\"", ERR_NOT_FOUND},
        {"{\"n\":\"AQAB\"}", NULL, "\"typ\":\"JWT\"", ERR_NOT_ACCEPTABLE},
        {"{\"n\":1}", NULL, "\"typ\":\"JWT\"", ERR_NOT_ACCEPTABLE},
        {"{\"e\":\"!\"}", NULL, "\"typ\":\"JWT\"", ERR_NOT_ACCEPTABLE},
        {"{\"d\":\"AQAB\",\"p\":1}", NULL, "\"typ\":\"JWT\"", ERR_NONE}, /* is not looked at */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buffer) struct buffer header = {0};
        buffer_printf(&header, "{\"alg\":\"RS256\",%s}", rows[i].header);
        AUTO(text) char *token = signed_text(rsa, header.data, CLAIMS);
        AUTO(json)
        json_t *keys =
            set_of(shown(rsa, rows[i].one), rows[i].two ? shown(other_rsa, rows[i].two) : NULL);
        if (outcome(token, keys) != rows[i].code)
            fail_msg("row %zu: %d", i, outcome(token, keys));
    }
}

static void nothing_but_two_algorithms_is_taken(void **state)
{
    const struct {
        cjose_jwk_t *key;
        const char *header;
    } rows[] = {
        {rsa, "{\"alg\":\"RS384\"}"},
        {rsa, "{\"alg\":\"RS512\"}"},
        {rsa, "{\"alg\":\"PS256\"}"},
        {wide_ec, "{\"alg\":\"ES384\"}"},
        {secret, "{\"alg\":\"HS256\"}"},
        {secret, "{\"alg\":\"HS512\"}"},
        {rsa, "{\"alg\":\"RS256\",\"crit\":[\"x\"],\"x\":{}}"},
        {rsa, "{\"alg\":\"RS256\",\"crit\":[]}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(text) char *token = signed_text(rows[i].key, rows[i].header, CLAIMS);
        AUTO(json) json_t *keys = set_of(shown(rows[i].key, "{}"), NULL);
        if (outcome(token, keys) != ERR_NOT_ACCEPTABLE)
            fail_msg("row %zu: %d", i, outcome(token, keys));
    }
}

/* The secret is what anybody knows of the key: its public half. */
static void a_public_key_is_no_secret(void **state)
{
    (void)state;
    char *text = cjose_jwk_to_json(rsa, false, NULL);
    cjose_jwk_t *known = cjose_jwk_create_oct_spec((const uint8_t *)text, strlen(text), NULL);
    AUTO(text) char *token = signed_text(known, "{\"alg\":\"HS256\"}", CLAIMS);
    AUTO(json) json_t *keys = set_of(shown(rsa, "{}"), shown(known, "{}"));
    assert_int_equal(outcome(token, keys), ERR_NOT_ACCEPTABLE);
    cjose_jwk_release(known);
    cjose_get_dealloc()(text);
}

static void weak_and_broken_keys_sign_nothing(void **state)
{
    (void)state;
    AUTO(text) char *small = signed_text(small_rsa, "{\"alg\":\"RS256\"}", CLAIMS);
    AUTO(json) json_t *small_set = set_of(shown(small_rsa, "{}"), NULL);
    assert_int_equal(outcome(small, small_set), ERR_NOT_ACCEPTABLE);
    AUTO(text) char *token = signed_text(ec, "{\"alg\":\"ES256\"}", CLAIMS);
    AUTO(json) json_t *fine = set_of(shown(ec, "{}"), NULL);
    assert_int_equal(outcome(token, fine), ERR_NONE);
    static const char *const broken[] = {
        "{\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}", /* not on the curve */
        "{\"x\":\"\"}",
        "{\"y\":null}",
        "{\"y\":[]}",
        "{\"x\":\"A===\"}",
        "{\"x\":\"AAAAA\"}",
        "{\"x\":\"AA==\"}",
    };
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        AUTO(json) json_t *keys = set_of(shown(ec, broken[i]), NULL);
        assert_int_equal(outcome(token, keys), ERR_NOT_ACCEPTABLE);
    }
    AUTO(text) char *by_rsa = signed_text(rsa, "{\"alg\":\"RS256\"}", CLAIMS);
    AUTO(buffer) struct buffer no_base64 = {0}; /* over which the library would end the process */
    buffer_printf(&no_base64, "{\"n\":\"%0345d===\"}", 0);
    AUTO(json) json_t *rsa_set = set_of(shown(rsa, no_base64.data), NULL);
    assert_int_equal(outcome(by_rsa, rsa_set), ERR_NOT_ACCEPTABLE);
    AUTO(json) json_t *wide = set_of(shown(wide_ec, "{}"), NULL);
    assert_int_equal(outcome(token, wide), ERR_NOT_FOUND);
}

static void a_set_that_is_none_means_no_key(void **state)
{
    static const char *const sets[] = {"{}", "{\"keys\":{}}", "{\"keys\":[]}", "[]",
                                       "{\"keys\":[1,\"a\",null,[]]}"};
    (void)state;
    AUTO(text) char *token = signed_text(rsa, "{\"alg\":\"RS256\",\"kid\":\"k\"}", CLAIMS);
    for (size_t i = 0; i < COUNT_OF(sets); i++) {
        AUTO(json) json_t *keys = json_loads(sets[i], 0, NULL);
        assert_int_equal(outcome(token, keys), ERR_NOT_FOUND);
    }
    AUTO(json) json_t *keys = set_of(shown(rsa, "{\"kid\":\"k\"}"), NULL);
    json_t *list = json_object_get(keys, "keys");
    while (json_array_size(list) < KEYS_MAX)
        json_array_append_new(list, json_object());
    assert_int_equal(outcome(token, keys), ERR_NONE);
    json_array_append_new(list, json_object());
    assert_int_equal(outcome(token, keys), ERR_NOT_FOUND);
}

static void the_content_is_one_json_object(void **state)
{
    static const char *const contents[] = {
        "", "1", "[]", "null", "{", "{\"a\":1,\"a\":2}", "{} x", "{\"a\":\"\xff\"}"};
    (void)state;
    AUTO(json) json_t *keys = set_of(shown(ec, "{}"), NULL);
    for (size_t i = 0; i < COUNT_OF(contents); i++) {
        AUTO(text) char *token = signed_text(ec, "{\"alg\":\"ES256\"}", contents[i]);
        if (outcome(token, keys) != ERR_NOT_ACCEPTABLE)
            fail_msg("row %zu: %d", i, outcome(token, keys));
    }
}

static void what_is_no_token_is_refused(void **state)
{
    static const char *const tokens[] = {
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "x",
        "e30.e30",
        "e30.e30.",
        "e30.e30.e30",
        "eyJhbGciOiJub25lIn0.e30.",        /* {"alg":"none"} */
        "eyJhbGciOjF9.e30.e30",            /* {"alg":1} */
        "eyJhbGciOiJSUzI1NiJ9.e30",        /* no signature */
        "eyJhbGciOiJSUzI1NiJ9.e30.",       /* an empty one */
        "eyJhbGciOiJSUzI1NiJ9.e30.AAAA.b", /* one part too many */
        "eyJhbGciOiJSUzI1NiJ9.e30.AAAA.",
        "eyJhbGciOiJSUzI1NiJ9.A===.AAAA", /* over which the library would end the process */
        "eyJhbGciOiJSUzI1NiJ9.e30.A===",
        "A===.e30.AAAA",
        " eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
        "eyJhbGciOiJSUzI1NiJ9.e30.AA\n",
    };
    (void)state;
    AUTO(json) json_t *keys = set_of(shown(rsa, "{}"), shown(ec, "{}"));
    for (size_t i = 0; i < COUNT_OF(tokens); i++)
        if (outcome(tokens[i], keys) != ERR_NOT_ACCEPTABLE)
            fail_msg("row %zu: %d", i, outcome(tokens[i], keys));
}

/* "W" is a bracket after three characters of base64: W1tb is [[[. */
static void headers_are_shallow_and_tokens_short(void **state)
{
    (void)state;
    AUTO(json) json_t *keys = set_of(shown(ec, "{}"), NULL);
    AUTO(buffer) struct buffer deep = {0}, claims = {0};
    for (int i = 0; i < 300; i++)
        buffer_add_text(&deep, "W1tb");
    buffer_add_text(&deep, ".e30.AAAA");
    assert_int_equal(outcome(deep.data, keys), ERR_NOT_ACCEPTABLE);
    AUTO(text)
    char *nested = signed_text(ec, "{\"alg\":\"ES256\",\"x\":[[[[1]]]]}", CLAIMS);
    assert_int_equal(outcome(nested, keys), ERR_NOT_ACCEPTABLE);
    buffer_add_text(&claims, "{\"a\":\"");
    while (claims.len < JWS_MAX)
        buffer_add_text(&claims, "aaaaaaaaaaaaaaaa");
    buffer_add_text(&claims, "\"}");
    AUTO(text) char *lengthy = signed_text(ec, "{\"alg\":\"ES256\"}", claims.data);
    assert_int_equal(outcome(lengthy, keys), ERR_NOT_ACCEPTABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tokens_of_the_standard_are_read),
        cmocka_unit_test(no_character_can_be_changed),
        cmocka_unit_test(a_key_is_meant_by_its_name_and_its_kind),
        cmocka_unit_test(nothing_but_two_algorithms_is_taken),
        cmocka_unit_test(a_public_key_is_no_secret),
        cmocka_unit_test(weak_and_broken_keys_sign_nothing),
        cmocka_unit_test(a_set_that_is_none_means_no_key),
        cmocka_unit_test(the_content_is_one_json_object),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(headers_are_shallow_and_tokens_short),
    };
    return cmocka_run_group_tests(tests, init, leave);
}
