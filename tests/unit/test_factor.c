/* Second factors: the rule, the key that seals them, and what a code proves. */
/* Proves: V6.5.2 V6.5.3 V6.5.4 */
#include "tests/unit/cmocka_all.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "api/sign_in/factor.h"
#include "api/sign_in/recovery_code.h"
#include "common/base/clock.h"
#include "common/base/signing.h"
#include "tests/unit/support/script.h"

#define KEY "factor.key"
#define OTHER_KEY "other.key"
#define WRONG_KEY "seal.key"

static char folder[] = "/tmp/test_factor_XXXXXX";

static bool make_key(const char *path, const char *purpose)
{
    AUTO(signing_key) struct signing_key *key = NULL;
    return signing_key_create(path, purpose, &key, &(struct error){0});
}

static int init(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 && crypto_init(&(struct error){0}) &&
                   make_key(KEY, "factor") && make_key(OTHER_KEY, "factor") &&
                   make_key(WRONG_KEY, "seal")
               ? 0
               : -1;
}

static int leave(void **state)
{
    (void)state;
    return unlink(KEY) || unlink(OTHER_KEY) || unlink(WRONG_KEY) || rmdir(folder);
}

static enum error_code open_factors(const char *rule, const char *path,
                                    struct factors **ret_factors)
{
    const struct settings settings = {.second_factor = rule, .factor_key_file = path};
    struct error err = {0};
    *ret_factors = NULL;
    bool fine = factors_new(&settings, ret_factors, &err);
    assert_int_equal(fine, err.code == ERR_NONE);
    return err.code;
}

static void the_setting_is_one_of_three_and_needs_its_key(void **state)
{
    static const struct {
        const char *rule, *path;
        bool fine, offered, required;
    } rows[] = {
        {"off", "", true, false, false},
        {"off", KEY, true, false, false},
        {"offered", "", true, false, false},
        {"offered", KEY, true, true, false},
        {"required", KEY, true, true, true},
        {"required", "", false, false, false},
        {"Required", KEY, false, false, false},
        {"", KEY, false, false, false},
        {"offered", "absent", false, false, false},
        {"offered", WRONG_KEY, false, false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct factors *factors = NULL;
        enum error_code code = open_factors(rows[i].rule, rows[i].path, &factors);
        assert_int_equal(code == ERR_NONE, rows[i].fine);
        assert_int_equal(factors != NULL, rows[i].fine);
        if (!factors)
            continue;
        assert_int_equal(factors_offered(factors), rows[i].offered);
        assert_int_equal(factors_required(factors, ROLE_REVIEWER), rows[i].required);
        assert_int_equal(factors_required(factors, ROLE_ADMIN | ROLE_ANALYST), rows[i].required);
        assert_false(factors_required(factors, ROLE_ANALYST | ROLE_AGENT));
        factors_free(factors);
    }
}

#define REVIEWER .person_id = 1, .human = true, .roles = ROLE_REVIEWER
#define SESSION .session_id = 1, .scopes = ~0u
#define TOKEN(what) .token_id = 2, .scopes = (what)

/* Where it is required: who has not shown it does what leads there, and reads by a token. */
static void without_it_only_what_leads_there_is_open(void **state)
{
    static const struct {
        struct route route;
        struct identity who;
        enum error_code code;
    } rows[] = {
        {{.access = ACCESS_SIGNED_IN}, {REVIEWER, SESSION}, ERR_FACTOR_MISSING},
        {{.access = ACCESS_SESSION}, {REVIEWER, SESSION}, ERR_FACTOR_MISSING},
        {{.access = ACCESS_SESSION}, {REVIEWER, SESSION, .has_factor = true}, ERR_FACTOR_MISSING},
        {{.access = ACCESS_SESSION}, {REVIEWER, SESSION, .shows_factor = true}, ERR_NONE},
        {{.access = ACCESS_EARLY}, {REVIEWER, SESSION}, ERR_NONE},
        {{.access = ACCESS_EARLY_SESSION}, {REVIEWER, SESSION}, ERR_NONE},
        {{.access = ACCESS_EARLY_SESSION}, {REVIEWER, TOKEN(SCOPE_READ)}, ERR_FORBIDDEN},
        {{.access = ACCESS_EARLY_SESSION}, {0}, ERR_UNAUTHENTICATED},
        {{.access = ACCESS_ANYONE}, {REVIEWER, SESSION}, ERR_NONE},
        {{.access = ACCESS_SESSION}, {SESSION, .person_id = 1, .roles = ROLE_ANALYST}, ERR_NONE},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_READ},
         {REVIEWER, TOKEN(SCOPE_READ)},
         ERR_NONE},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_DECIDE},
         {REVIEWER, TOKEN(SCOPE_DECIDE)},
         ERR_FACTOR_MISSING},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_ADMIN},
         {REVIEWER, TOKEN(SCOPE_ADMIN)},
         ERR_FACTOR_MISSING},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_DECIDE},
         {REVIEWER, TOKEN(SCOPE_DECIDE), .shows_factor = true},
         ERR_NONE},
    };
    struct api api = {0};
    (void)state;
    assert_int_equal(open_factors("required", KEY, &api.factors), ERR_NONE);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct exchange exchange = {.route = &rows[i].route};
        struct error err = {0};
        bool fine = identity_check(&api, &exchange, &rows[i].who, &err);
        assert_int_equal(err.code, rows[i].code);
        assert_int_equal(fine, rows[i].code == ERR_NONE);
    }
    factors_free(api.factors);
}

static const uint8_t secret[CODE_SECRET_SIZE + 1] = "12345678901234567890";

/* The code of now, found as an app would: by trying, so that this needs no second maker of codes.
 */
static void find_code(char ret_code[CODE_DIGITS + 1], int64_t *ret_step)
{
    int64_t now = clock_wall_ms() / 1000;
    for (int i = 0; i < 1000000; i++) {
        snprintf(ret_code, CODE_DIGITS + 1, "%06d", i);
        if (one_time_code_matches(secret, ret_code, now, ret_step) &&
            *ret_step == now / CODE_SECONDS)
            return; /* that of one step before might be too old in a moment */
    }
    fail_msg("no code is right");
}

static void seal_as_hex(const struct factors *factors, int64_t person_id,
                        char ret_hex[2 * FACTOR_SEALED + 1])
{
    uint8_t sealed[FACTOR_SEALED];
    factors_seal(factors, person_id, secret, sealed);
    hex_encode(sealed, sizeof sealed, ret_hex);
}

static void a_secret_opens_for_its_person_by_its_key_alone(void **state)
{
    char hex[2 * FACTOR_SEALED + 1], code[CODE_DIGITS + 1];
    int64_t step = 0, found = -1;
    struct factors *mine, *other, *keyless;
    struct error err = {0};
    (void)state;
    assert_int_equal(open_factors("offered", KEY, &mine), ERR_NONE);
    assert_int_equal(open_factors("offered", OTHER_KEY, &other), ERR_NONE);
    assert_int_equal(open_factors("offered", "", &keyless), ERR_NONE);
    seal_as_hex(mine, 7, hex);
    find_code(code, &step);
    const struct sealed_secret own = {7, hex}, moved = {8, hex}, cut = {7, "00"};
    assert_true(factors_step(mine, own, code, &found, &err));
    assert_int_equal(found, step);
    assert_true(factors_step(mine, own, "00000", &found, &err));
    assert_int_equal(found, 0);
    assert_false(factors_step(mine, moved, code, &found, &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_false(factors_step(mine, cut, code, &found, &err));
    assert_false(factors_step(other, own, code, &found, &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_false(factors_step(keyless, own, code, &found, &err));
    assert_int_equal(err.code, ERR_NOT_IMPLEMENTED);
    factors_free(mine);
    factors_free(other);
    factors_free(keyless);
}

/* What the body's code proves of person 7, whose secret the database has. */
static void assert_proof(struct api *api, const char *body, const char *expected)
{
    AUTO(json) json_t *sent = NULL;
    AUTO(text) char *proof = NULL;
    struct error err = {0};
    assert_true(json_read_object(bytes_of(body), &sent, &err));
    struct call call = {.api = api, .body = sent};
    assert_true(factors_proof(&call, 7, &proof, &err));
    assert_string_equal(proof, expected);
}

static void a_code_proves_a_step_or_a_digest(void **state)
{
    static char row[4 * FACTOR_SEALED];
    char hex[2 * FACTOR_SEALED + 1], code[CODE_DIGITS + 1], body[64], proof[64];
    int64_t step = 0;
    struct api api = {0};
    (void)state;
    assert_int_equal(open_factors("off", KEY, &api.factors), ERR_NONE);
    seal_as_hex(api.factors, 7, hex);
    find_code(code, &step);
    snprintf(row, sizeof row, "select 'now'::text, 10, '%s'::text", hex);
    script_answer("factor_state", row);
    snprintf(body, sizeof body, "{\"code\": \"%s\"}", code);
    snprintf(proof, sizeof proof, "{\"step\":%lld}", (long long)step);
    assert_proof(&api, "{}", "{}");
    assert_proof(&api, body, proof);
    assert_proof(&api, "{\"code\": \"1\"}", "{\"wrong\":0}");
    assert_int_equal(script_calls("factor_state"), 2);
    assert_proof(&api, "{\"code\": \"abc\"}",
                 "{\"recovery\":"
                 "\"b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78\"}");
    script_forget();
    script_answer("factor_state", "select null::text, 0, null::text");
    assert_proof(&api, body, "{}");
    script_forget();
    factors_free(api.factors);
}

static void recovery_codes_are_random_and_read_as_people_write(void **state)
{
    char one[RECOVERY_TEXT], two[RECOVERY_TEXT], digest[SHA256_HEX], same[SHA256_HEX];
    (void)state;
    recovery_code_new(one);
    recovery_code_new(two);
    assert_string_not_equal(one, two);
    assert_int_equal(strlen(one), RECOVERY_TEXT - 1);
    assert_int_equal(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567-"), strlen(one));
    for (size_t i = 4; i < strlen(one); i += 5)
        assert_int_equal(one[i], '-');
    recovery_code_digest("ABCD-EFGH", digest);
    recovery_code_digest(" abcdefgh", same);
    assert_string_equal(digest, same);
    recovery_code_digest("ABCD-EFGI", same);
    assert_string_not_equal(digest, same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_setting_is_one_of_three_and_needs_its_key),
        cmocka_unit_test(without_it_only_what_leads_there_is_open),
        cmocka_unit_test(a_secret_opens_for_its_person_by_its_key_alone),
        cmocka_unit_test(a_code_proves_a_step_or_a_digest),
        cmocka_unit_test(recovery_codes_are_random_and_read_as_people_write),
    };
    return cmocka_run_group_tests_name("factor", tests, init, leave);
}
