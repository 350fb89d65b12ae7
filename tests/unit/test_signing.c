#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/crypto.h"
#include "common/base/signing.h"
#include "tests/unit/cmocka_all.h"

static char folder[] = "/tmp/test_signing_XXXXXX";

static int init(void **state)
{
    (void)state;
    struct error err = {0};
    return mkdtemp(folder) && chdir(folder) == 0 && crypto_init(&err) ? 0 : -1;
}

static int clean(void **state)
{
    (void)state;
    (void)unlink("k");
    (void)unlink("p");
    return 0;
}

static int leave(void **state)
{
    (void)clean(state);
    return rmdir(folder);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* The first line of a file. */
static void get(const char *path, char *ret_line, int size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(ret_line, size, file));
    fclose(file);
}

/* RFC 8032, section 7.1, test 1: the seed, and the signature of nothing. */
#define SEED "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
#define ID "21fe31dfa154a261"
static const char rfc_signature[] =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
    "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

static void test_signs_as_the_standard_says(void **state)
{
    (void)state;
    struct error err = {0};
    AUTO(signing_key) struct signing_key *key = NULL;
    AUTO(public_keys) struct public_keys *keys = NULL;
    unsigned char made[SIGNATURE_SIZE], wanted[SIGNATURE_SIZE];
    char line[PUBLIC_KEY_LINE_SIZE];
    put("k", "countersign-ed25519-secret-v1 decision " ID " " SEED "\n");
    assert_true(signing_key_read("k", "decision", &key, &err));
    assert_true(hex_decode(rfc_signature, wanted, sizeof wanted));
    signing_sign(key, bytes_of(""), made);
    assert_memory_equal(made, wanted, sizeof wanted);
    assert_string_equal(signing_key_id(key), ID);
    signing_key_public_line(key, line);
    assert_string_equal(line, "countersign-ed25519-v1 decision " ID
                              " 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    put("p", line);
    assert_true(public_keys_read("p", "decision", &keys, &err));
    assert_true(signing_verify(public_keys_find(keys, ID), bytes_of(""), 0, made));
}

static void test_a_key_is_made_for_its_owner_and_never_overwritten(void **state)
{
    (void)state;
    struct error err = {0};
    struct stat info;
    AUTO(signing_key) struct signing_key *made = NULL;
    AUTO(signing_key) struct signing_key *again = NULL;
    AUTO(signing_key) struct signing_key *read = NULL;
    char before[256], after[256];
    assert_true(signing_key_create("k", "seal", &made, &err));
    assert_int_equal(stat("k", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    get("k", before, sizeof before);
    assert_false(signing_key_create("k", "seal", &again, &err));
    assert_int_equal(err.code, ERR_CONFLICT);
    get("k", after, sizeof after);
    assert_string_equal(before, after);
    assert_true(signing_key_read("k", "seal", &read, &err));
    assert_string_equal(signing_key_id(read), signing_key_id(made));
    assert_null(again);
}

static void test_what_is_no_secret_key_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "countersign-ed25519-v1 decision " ID " 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "countersign-ed25519-secret-v2 decision " ID " " SEED,
        "countersign-ed25519-secret-v1 decision 21fe31dfa154a262 " SEED,
        "countersign-ed25519-secret-v1 decision " ID
        " nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2E=",
        "countersign-ed25519-secret-v1 decision " ID " nWGxne/9WmC6hEr0kuwsxERJxWl7Mmk=",
        "countersign-ed25519-secret-v1 decision " ID " " SEED " more",
    };
    struct error err = {0};
    struct signing_key *key = NULL;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        put("k", texts[i]);
        assert_false(signing_key_read("k", "decision", &key, &err));
        assert_non_null(strstr(err.text, "k holds no secret key"));
        assert_null(strstr(err.text, "nWGx"));
    }
    put("k", "countersign-ed25519-secret-v1 decision " ID " " SEED);
    assert_false(signing_key_read("k", "seal", &key, &err));
    assert_string_equal(err.text, "the key in k is for decision, not for seal");
    assert_false(signing_key_read("nothing", "seal", &key, &err));
    assert_non_null(strstr(err.text, "nothing can not be read"));
}

/* One signed byte sequence under two keys, of which the first is retired. */
static void test_keys_take_turns(void **state)
{
    (void)state;
    struct error err = {0};
    AUTO(signing_key) struct signing_key *old = NULL;
    AUTO(signing_key) struct signing_key *new = NULL;
    AUTO(public_keys) struct public_keys *keys = NULL;
    char line[PUBLIC_KEY_LINE_SIZE], other[PUBLIC_KEY_LINE_SIZE], text[512];
    unsigned char signature[SIGNATURE_SIZE];
    assert_true(signing_key_create("k", "decision", &old, &err));
    assert_int_equal(unlink("k"), 0);
    assert_true(signing_key_create("k", "decision", &new, &err));
    signing_key_public_line(old, line);
    signing_key_public_line(new, other);
    snprintf(text, sizeof text, "# in turn\n\n%s retired 2026-01-02T03:04:05Z\n%s\n", line, other);
    put("p", text);
    assert_true(public_keys_read("p", "decision", &keys, &err));
    assert_int_equal(public_keys_count(keys), 2);
    const struct public_key *retired = public_keys_find(keys, signing_key_id(old));
    const struct public_key *used = public_keys_find(keys, signing_key_id(new));
    assert_int_equal(retired->retired_ms, INT64_C(1767323045000));
    signing_sign(old, bytes_of("abc"), signature);
    assert_true(signing_verify(retired, bytes_of("abc"), retired->retired_ms, signature));
    assert_false(signing_verify(retired, bytes_of("abc"), retired->retired_ms + 1, signature));
    assert_false(signing_verify(used, bytes_of("abc"), 0, signature));
    assert_false(signing_verify(retired, bytes_of("abd"), 0, signature));
    assert_false(signing_verify(NULL, bytes_of("abc"), 0, signature));
    signature[SIGNATURE_SIZE - 1] ^= 1;
    assert_false(signing_verify(retired, bytes_of("abc"), 0, signature));
}

static void test_what_is_no_list_of_public_keys_is_refused(void **state)
{
    (void)state;
#define PUBLIC "countersign-ed25519-v1 decision " ID " 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    static const char *const texts[] = {
        "countersign-ed25519-secret-v1 decision " ID " " SEED,
        "# first\n" PUBLIC "\n" PUBLIC "\n",
        PUBLIC " retired",
        PUBLIC " retired yesterday",
        PUBLIC " revoked 2026-01-02T03:04:05Z",
        "countersign-ed25519-v1 seal " ID " 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "countersign-ed25519-v1 decision 21fe31dfa154a262 "
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    };
    struct error err = {0};
    struct public_keys *keys = NULL;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        put("p", texts[i]);
        assert_false(public_keys_read("p", "decision", &keys, &err));
        assert_non_null(strstr(err.text, i == 1 ? "p, line 3:" : "p, line 1:"));
    }
    assert_false(public_keys_read("nothing", NULL, &keys, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_signs_as_the_standard_says, clean),
        cmocka_unit_test_teardown(test_a_key_is_made_for_its_owner_and_never_overwritten, clean),
        cmocka_unit_test_teardown(test_what_is_no_secret_key_is_refused, clean),
        cmocka_unit_test_teardown(test_keys_take_turns, clean),
        cmocka_unit_test_teardown(test_what_is_no_list_of_public_keys_is_refused, clean),
    };
    return cmocka_run_group_tests_name("signing", tests, init, leave);
}
