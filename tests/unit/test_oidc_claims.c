/* The claims of an ID token: each one right, absent, of another kind, and a little wrong. */
/* Proves: T27 V9.2.1 V9.2.3 V9.2.4 V10.5.1 V10.5.4 */
#include <string.h>

#include "api/sign_in/oidc_claims.h"
#include "tests/unit/cmocka_all.h"

#define NOW 1800000000
#define AGE 600 /* seconds since a token was issued */

static const struct oidc_expected sign_in = {"https://id.test", "us", "n-1", NOW, 0};
static const struct oidc_expected confirm = {"https://id.test", "us", "n-1", NOW, NOW - 100};

/* Good ones, with this text of JSON laid over; null takes a claim away. */
static json_t *claims_with(const char *more)
{
    json_t *claims = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "iss", "https://id.test", "aud",
                               "us", "nonce", "n-1", "sub", "ana", "iat", NOW, "exp", NOW + 300);
    AUTO(json) json_t *other = json_loads(more, 0, NULL);
    assert_non_null(other);
    const char *name;
    json_t *value;
    json_object_update(claims, other);
    json_object_foreach (other, name, value)
        if (json_is_null(value))
            json_object_del(claims, name);
    return claims;
}

/* The claim that is complained of, or "". */
static void check(const struct oidc_expected *expected, const char *more, const char *claim)
{
    struct error err = {0};
    AUTO(json) json_t *claims = claims_with(more);
    bool fine = oidc_claims_check(claims, expected, &err);
    if (fine != !claim[0] || strcmp(err.field, claim) != 0)
        fail_msg("%s: %s", more, fine ? "fine" : err.field);
    assert_int_equal(err.code, fine ? ERR_NONE : ERR_NOT_ACCEPTABLE);
}

static void what_was_asked_for_is_fine(void **state)
{
    (void)state;
    check(&sign_in, "{}", "");
    check(&sign_in, "{\"email\":\"a@b\",\"acr\":1}", "");
    check(&sign_in, "{\"nonce\":\"n-1\",\"auth_time\":\"x\"}", ""); /* not asked for */
}

static void each_text_is_exactly_what_it_must_be(void **state)
{
    static const char *const rows[][2] = {
        {"{\"iss\":null}", "iss"},
        {"{\"iss\":\"https://id.test/\"}", "iss"},
        {"{\"iss\":\"https://id.tes\"}", "iss"},
        {"{\"iss\":\"HTTPS://id.test\"}", "iss"},
        {"{\"iss\":[\"https://id.test\"]}", "iss"},
        {"{\"nonce\":null}", "nonce"},
        {"{\"nonce\":\"\"}", "nonce"},
        {"{\"nonce\":\"n-2\"}", "nonce"},
        {"{\"nonce\":\"n-1 \"}", "nonce"},
        {"{\"sub\":null}", "sub"},
        {"{\"sub\":\"\"}", "sub"},
        {"{\"sub\":7}", "sub"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&sign_in, rows[i][0], rows[i][1]);
}

/* JSON can say a NUL, and behind it anything. */
static void nothing_stands_behind_a_nul(void **state)
{
    static const char *const names[] = {"iss", "aud", "nonce"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct error err = {0};
        AUTO(json) json_t *claims = claims_with("{}");
        AUTO(buffer) struct buffer text = {0};
        buffer_add_text(&text, json_text_of(claims, names[i]));
        buffer_add(&text, "\0x", 2);
        json_object_set_new(claims, names[i], json_stringn(text.data, text.len));
        assert_false(oidc_claims_check(claims, &sign_in, &err));
        assert_string_equal(err.field, names[i]);
    }
}

static void a_subject_has_at_most_255_bytes(void **state)
{
    (void)state;
    char subject[257] = {0};
    memset(subject, 'a', 256);
    AUTO(json) json_t *claims = claims_with("{}");
    struct error err = {0};
    json_object_set_new(claims, "sub", json_string(subject));
    assert_false(oidc_claims_check(claims, &sign_in, &err));
    assert_string_equal(err.field, "sub");
    json_object_set_new(claims, "sub", json_stringn(subject, 255));
    assert_true(oidc_claims_check(claims, &sign_in, &err));
}

static void a_token_is_meant_for_us(void **state)
{
    static const char *const rows[][2] = {
        {"{\"aud\":[\"us\"]}", ""},
        {"{\"aud\":[\"us\"],\"azp\":\"us\"}", ""},
        {"{\"aud\":\"us\",\"azp\":\"us\"}", ""},
        {"{\"aud\":[\"a\",\"us\"],\"azp\":\"us\"}", ""},
        {"{\"aud\":null}", "aud"},
        {"{\"aud\":[]}", "aud"},
        {"{\"aud\":\"US\"}", "aud"},
        {"{\"aud\":\"us \"}", "aud"},
        {"{\"aud\":{\"us\":\"us\"}}", "aud"},
        {"{\"aud\":[[\"us\"]]}", "aud"},
        {"{\"aud\":[\"a\"],\"azp\":\"us\"}", "aud"},
        {"{\"aud\":[\"us\",\"a\"]}", "azp"},
        {"{\"aud\":[\"us\",\"us\"]}", "azp"},
        {"{\"aud\":[\"us\",\"a\"],\"azp\":\"a\"}", "azp"},
        {"{\"azp\":\"a\"}", "azp"},
        {"{\"azp\":[\"us\"]}", "azp"},
        {"{\"azp\":1}", "azp"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&sign_in, rows[i][0], rows[i][1]);
}

/* A time of each kind: the offset from now, and whether it is fine. */
static void times_have_bounds(void **state)
{
    static const struct {
        const char *claim;
        int64_t offset;
        bool fine;
    } rows[] = {
        {"exp", -OIDC_LEEWAY_SECONDS, true},
        {"exp", -OIDC_LEEWAY_SECONDS - 1, false},
        {"exp", 1000000000, true},
        {"iat", -OIDC_LEEWAY_SECONDS - AGE, true},
        {"iat", -OIDC_LEEWAY_SECONDS - AGE - 1, false},
        {"iat", OIDC_LEEWAY_SECONDS, true},
        {"iat", OIDC_LEEWAY_SECONDS + 1, false},
        {"nbf", OIDC_LEEWAY_SECONDS, true},
        {"nbf", OIDC_LEEWAY_SECONDS + 1, false},
        {"nbf", -1000000000, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buffer) struct buffer more = {0};
        buffer_printf(&more, "{\"%s\":%lld}", rows[i].claim, (long long)(NOW + rows[i].offset));
        check(&sign_in, more.data, rows[i].fine ? "" : rows[i].claim);
    }
}

static void a_time_is_a_number(void **state)
{
    static const char *const rows[][2] = {
        {"{\"exp\":null}", "exp"},
        {"{\"iat\":null}", "iat"},
        {"{\"exp\":\"1800000300\"}", "exp"},
        {"{\"iat\":true}", "iat"},
        {"{\"exp\":1800000300.5}", ""},
        {"{\"iat\":1800000000.25}", ""},
        {"{\"exp\":1e300}", "exp"},
        {"{\"exp\":-1e300}", "exp"},
        {"{\"nbf\":\"1\"}", "nbf"},
        {"{\"nbf\":[]}", "nbf"},
        {"{\"iat\":-1}", "iat"},
        {"{\"exp\":0}", "exp"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        check(&sign_in, rows[i][0], rows[i][1]);
}

/* Asked for once more, the provider must say that it was since then. */
static void a_confirmation_says_when(void **state)
{
    static const struct {
        int64_t offset;
        bool fine;
    } rows[] = {
        {-100 - OIDC_LEEWAY_SECONDS, true},
        {-100 - OIDC_LEEWAY_SECONDS - 1, false},
        {0, true},
        {OIDC_LEEWAY_SECONDS, true},
        {OIDC_LEEWAY_SECONDS + 1, false},
        {-1000000, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(buffer) struct buffer more = {0};
        buffer_printf(&more, "{\"auth_time\":%lld}", (long long)(NOW + rows[i].offset));
        check(&confirm, more.data, rows[i].fine ? "" : "auth_time");
    }
    check(&confirm, "{}", "auth_time");
    check(&confirm, "{\"auth_time\":\"1800000000\"}", "auth_time");
}

static void what_is_no_object_is_refused(void **state)
{
    static const char *const rows[] = {"[]", "[1]", "{}"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        AUTO(json) json_t *claims = json_loads(rows[i], 0, NULL);
        assert_false(oidc_claims_check(claims, &sign_in, &err));
        assert_int_equal(err.code, ERR_NOT_ACCEPTABLE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked_for_is_fine),
        cmocka_unit_test(each_text_is_exactly_what_it_must_be),
        cmocka_unit_test(nothing_stands_behind_a_nul),
        cmocka_unit_test(a_subject_has_at_most_255_bytes),
        cmocka_unit_test(a_token_is_meant_for_us),
        cmocka_unit_test(times_have_bounds),
        cmocka_unit_test(a_time_is_a_number),
        cmocka_unit_test(a_confirmation_says_when),
        cmocka_unit_test(what_is_no_object_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
