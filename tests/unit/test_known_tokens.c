/* Tokens that the database has just vouched for. */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "api/sign_in/known_tokens.h"

static const uint8_t *digest_like(uint8_t first, uint8_t rest)
{
    static uint8_t digest[SHA256_SIZE];
    memset(digest, rest, sizeof digest);
    digest[0] = first;
    return digest;
}

static bool knows(struct known_tokens *known, const uint8_t *digest, int64_t now_ms,
                  int64_t person_id)
{
    struct identity found = {0};
    return known_tokens_find(known, digest, now_ms, &found) && found.person_id == person_id;
}

static void a_token_is_known_for_a_while(void **state)
{
    (void)state;
    struct known_tokens *known = known_tokens_new();
    assert_false(knows(known, digest_like(0, 0), 1, 0));
    known_tokens_put(known, digest_like(1, 7), 5000, &(struct identity){.person_id = 3});
    assert_true(knows(known, digest_like(1, 7), 5000, 3));
    assert_true(knows(known, digest_like(1, 7), 5000 + KNOWN_TOKEN_MS - 1, 3));
    assert_false(knows(known, digest_like(1, 7), 5000 + KNOWN_TOKEN_MS, 3));
    known_tokens_free(known);
}

static void another_in_its_place_is_another(void **state)
{
    (void)state;
    struct known_tokens *known = known_tokens_new();
    known_tokens_put(known, digest_like(1, 7), 5000, &(struct identity){.person_id = 3});
    assert_false(knows(known, digest_like(1, 8), 5000, 3));
    assert_false(knows(known, digest_like(65, 7), 5000, 3)); /* the same place */
    known_tokens_put(known, digest_like(65, 7), 5000, &(struct identity){.person_id = 4});
    assert_true(knows(known, digest_like(65, 7), 5000, 4));
    assert_false(knows(known, digest_like(1, 7), 5000, 3));
    known_tokens_free(known);
    known_tokens_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_known_for_a_while),
        cmocka_unit_test(another_in_its_place_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
