/* Proves: T25 */
#include <stdio.h>
#include <string.h>

#include "common/domain/merkle.h"
#include "common/domain/seal.h"
#include "tests/unit/cmocka_all.h"

static int init(void **state)
{
    (void)state;
    struct error err = {0};
    return crypto_init(&err) ? 0 : -1;
}

/* The leaves and the roots of Certificate Transparency's own reference tests. */
static const char *const leaves[] = {"",
                                     "00",
                                     "10",
                                     "2021",
                                     "3031",
                                     "40414243",
                                     "5051525354555657",
                                     "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void test_roots_are_those_of_the_standard(void **state)
{
    (void)state;
    struct merkle merkle = {0};
    for (size_t i = 0; i < COUNT_OF(leaves); i++) {
        uint8_t data[32] = {0}, leaf[SHA256_SIZE], root[SHA256_SIZE];
        char hex[SHA256_HEX];
        size_t len = strlen(leaves[i]) / 2;
        assert_true(hex_decode(leaves[i], data + 1, len));
        sha256((struct bytes){data, len + 1}, leaf);
        merkle_add(&merkle, leaf);
        merkle_root(&merkle, root);
        hex_encode(root, sizeof root, hex);
        assert_string_equal(hex, roots[i]);
    }
}

static struct seal sealed(struct signing_key **ret_key)
{
    struct error err = {0};
    struct seal seal = {.instance = "9e37ecf0-0d87-4f29-9a70-b7229df90d94",
                        .n = 2,
                        .epoch = 1,
                        .epoch_from = 3,
                        .xid_from = 700,
                        .xid_to = INT64_MAX,
                        .events = 5,
                        .last_id = 9,
                        .sealed_us = INT64_C(1795748847543129),
                        .root = {1, 2},
                        .prev_hash = {3, 4}};
    (void)remove("/tmp/test_seal.key");
    assert_true(signing_key_create("/tmp/test_seal.key", "seal", ret_key, &err));
    assert_int_equal(remove("/tmp/test_seal.key"), 0);
    seal_sign(&seal, *ret_key);
    return seal;
}

static void test_a_head_is_the_seal_again(void **state)
{
    (void)state;
    AUTO(signing_key) struct signing_key *key = NULL;
    struct seal read = {0};
    struct seal seal = sealed(&key);
    char line[SEAL_LINE_SIZE];
    seal_line(&seal, line);
    assert_true(seal_from_line(line, &read));
    assert_memory_equal(&read, &seal, sizeof seal);
    assert_true(seal_hash_holds(&read));
}

/* Each digit of a head counts: with another one it is no head, or another seal. */
static void test_no_character_of_a_head_can_change(void **state)
{
    (void)state;
    AUTO(signing_key) struct signing_key *key = NULL;
    struct seal seal = sealed(&key);
    char line[SEAL_LINE_SIZE];
    seal_line(&seal, line);
    for (size_t i = 0; line[i]; i++) {
        struct seal read = {0};
        char was = line[i];
        line[i] = was == '1' ? '2' : '1';
        assert_true(was == ' ' || !seal_from_line(line, &read) ||
                    memcmp(read.hash, seal.hash, sizeof seal.hash) != 0 ||
                    memcmp(read.signature, seal.signature, sizeof seal.signature) != 0);
        line[i] = was;
    }
    line[strlen(line) - 1] = '\0';
    assert_false(seal_from_line(line, &seal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots_are_those_of_the_standard),
        cmocka_unit_test(test_a_head_is_the_seal_again),
        cmocka_unit_test(test_no_character_of_a_head_can_change),
    };
    return cmocka_run_group_tests_name("seal", tests, init, NULL);
}
