/* Proves: V7.2.2 V7.2.3 */
#include <string.h>

#include "common/base/crypto.h"
#include "common/base/hasher.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/support/death.h"

static bool sodium_fails;

int __real_sodium_init(void);
int __wrap_sodium_init(void);
int __wrap_sodium_init(void)
{
    return sodium_fails ? -1 : __real_sodium_init();
}

static int init(void **state)
{
    (void)state;
    struct error err = {0};
    return crypto_init(&err) ? 0 : -1;
}

/* FIPS 180-4's example. */
static const char abc_hex[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void test_sha256_whole_and_in_pieces(void **state)
{
    (void)state;
    uint8_t whole[SHA256_SIZE], pieces[SHA256_SIZE];
    char hex[SHA256_HEX];
    sha256(bytes_of("abc"), whole);
    hex_encode(whole, sizeof whole, hex);
    assert_string_equal(hex, abc_hex);
    struct sha256 sha;
    sha256_start(&sha);
    sha256_add(&sha, bytes_of("a"));
    sha256_add(&sha, bytes_of("bc"));
    sha256_end(&sha, pieces);
    assert_memory_equal(whole, pieces, SHA256_SIZE);
}

static void test_a_hasher_makes_the_same_digests_again_and_again(void **state)
{
    (void)state;
    struct error err = {0};
    struct hasher *hasher = NULL;
    uint8_t one[SHA256_SIZE], other[SHA256_SIZE];
    char text[200];
    memset(text, 'x', sizeof text);
    assert_true(hasher_new(&hasher, &err));
    for (size_t len = 0; len < sizeof text; len++) {
        hasher_take(hasher, (struct bytes){text, len}, one);
        sha256((struct bytes){text, len}, other);
        assert_memory_equal(one, other, sizeof one);
    }
    hasher_free(hasher);
}

static void test_tokens_differ_and_keep_their_form(void **state)
{
    (void)state;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char one[TOKEN_SIZE], two[TOKEN_SIZE];
    token_new("cs_", one);
    token_new("cs_", two);
    assert_int_equal(strlen(one), 3 + 43);
    assert_memory_equal(one, "cs_", 3);
    assert_string_not_equal(one, two);
    assert_int_equal(strspn(one + 3, alphabet), 43);
}

static void make_long_token(void *context)
{
    char token[TOKEN_SIZE];
    token_new("cs_and_much_more_", token);
    memcpy(context, token, 1);
}

static void test_a_token_never_leaves_its_place(void **state)
{
    (void)state;
    char first;
    assert_true(death_of(make_long_token, &first));
}

static void test_nothing_starts_without_random_numbers(void **state)
{
    (void)state;
    struct error err = {0};
    sodium_fails = true;
    bool fine = crypto_init(&err);
    sodium_fails = false;
    assert_false(fine);
    assert_int_equal(err.code, ERR_INTERNAL);
}

static void test_passwords(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_SIZE];
    struct error err = {0};
    assert_true(password_hash(bytes_of("correct horse"), hash, &err));
    assert_memory_equal(hash, "$argon2id$", 10);
    assert_true(password_matches(hash, bytes_of("correct horse")));
    assert_false(password_matches(hash, bytes_of("correct horsf")));
    assert_false(password_matches(hash, bytes_of("")));
    assert_false(password_matches("not a hash", bytes_of("correct horse")));
}

static void test_what_is_sealed_opens_by_its_key_where_it_belongs_alone(void **state)
{
    (void)state;
    uint8_t key[SEAL_KEY_SIZE], other[SEAL_KEY_SIZE];
    uint8_t sealed[20 + SEALED_MORE], again[20 + SEALED_MORE], opened[20];
    const struct bytes data = bytes_of("12345678901234567890"), all = {sealed, sizeof sealed};
    crypto_random(key, sizeof key);
    memcpy(other, key, sizeof key);
    other[31] ^= 1;
    crypto_seal(key, bytes_of("7"), data, sealed);
    crypto_seal(key, bytes_of("7"), data, again);
    assert_memory_not_equal(sealed, again, sizeof sealed);
    assert_null(memmem(sealed, sizeof sealed, data.data, 8));
    assert_true(crypto_unseal(key, bytes_of("7"), all, opened));
    assert_memory_equal(opened, data.data, data.len);
    assert_false(crypto_unseal(other, bytes_of("7"), all, opened));
    assert_false(crypto_unseal(key, bytes_of("8"), all, opened));
    for (size_t len = 0; len < sizeof sealed; len++)
        assert_false(crypto_unseal(key, bytes_of("7"), (struct bytes){sealed, len}, opened));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_false(crypto_unseal(key, bytes_of("7"), all, opened));
        sealed[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_whole_and_in_pieces),
        cmocka_unit_test(test_a_hasher_makes_the_same_digests_again_and_again),
        cmocka_unit_test(test_tokens_differ_and_keep_their_form),
        cmocka_unit_test(test_a_token_never_leaves_its_place),
        cmocka_unit_test(test_nothing_starts_without_random_numbers),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_what_is_sealed_opens_by_its_key_where_it_belongs_alone),
    };
    return cmocka_run_group_tests_name("crypto", tests, init, NULL);
}
