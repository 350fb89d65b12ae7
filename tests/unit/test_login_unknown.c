/* Who signs in as somebody unknown waits as long as with a wrong password: both are hashed once, at
 * the same cost. */
/* Proves: T9 V6.3.8 */
#include "tests/unit/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/routes/login.h"
#include "common/base/crypto.h"
#include "tests/unit/support/script.h"

#define LOOKUP(hash) "select 7::int8, " hash "::text, 0::int8"
#define COST "$argon2id$v=19$m=65536,t=2,p=1$" /* how a hash begins, up to its salt */
#define BODY "{\"login\": \"ana\", \"password\": \"wrong\"}"

static char own[PASSWORD_HASH_SIZE], dummy[PASSWORD_HASH_SIZE];
static int hashed;
static char against[PASSWORD_HASH_SIZE];

int __real_crypto_pwhash_str_verify(const char *hash, const char *password, unsigned long long len);
int __wrap_crypto_pwhash_str_verify(const char *hash, const char *password, unsigned long long len);
int __wrap_crypto_pwhash_str_verify(const char *hash, const char *password, unsigned long long len)
{
    hashed++;
    snprintf(against, sizeof against, "%s", hash);
    return __real_crypto_pwhash_str_verify(hash, password, len);
}

static int setup(void **state)
{
    (void)state;
    struct error err = {0};
    return crypto_init(&err) && password_hash(bytes_of("right"), own, &err) &&
                   password_hash(bytes_of("nobody knows"), dummy, &err)
               ? 0
               : -1;
}

/* What a wrong password costs where this is found. */
static void sign_in(const char *found, char ret_cost[sizeof COST])
{
    struct error err = {0};
    struct api api = {.dummy_hash = dummy};
    struct exchange exchange = {.address = "127.0.0.1"};
    struct call call = {.api = &api, .exchange = &exchange, .reply = &exchange.reply};
    assert_true(json_read_object(bytes_of(BODY), &call.body, &err));
    sem_init(&api.hashing, 0, 1);
    script_forget();
    script_answer("login_lookup", found);
    script_answer("login_failure", "select true");
    hashed = 0;
    assert_false(route_login(&call, &err));
    assert_int_equal(err.code, ERR_WRONG_PASSWORD);
    assert_string_equal(err.text, "login or password is wrong");
    assert_int_equal(hashed, 1);
    memcpy(ret_cost, against, sizeof COST - 1);
    ret_cost[sizeof COST - 1] = '\0';
    sem_destroy(&api.hashing);
    json_decref(call.body);
}

static void somebody_unknown_costs_what_a_wrong_password_costs(void **state)
{
    (void)state;
    char found[2 * PASSWORD_HASH_SIZE], known[sizeof COST], unknown[sizeof COST],
        without[sizeof COST];
    snprintf(found, sizeof found, LOOKUP("'%s'"), own);
    sign_in(found, known);
    sign_in("select null::int8, null::text, 0::int8", unknown);
    sign_in(LOOKUP("null"), without); /* disabled, or never set one */
    assert_string_equal(known, COST);
    assert_string_equal(unknown, known);
    assert_string_equal(without, known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(somebody_unknown_costs_what_a_wrong_password_costs)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
