/* Signatures of decisions by several threads: each is looked at, and of those that do not hold the
 * first is named, whichever thread found it. */
#include "tests/unit/services.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/audit/signers.h"
#include "common/base/crypto.h"
#include "common/domain/decision.h"

#define PAGES 9
#define ROWS 230 /* of a page: several parts of one */
#define DECIDED_MS INT64_C(1795000000000)

static struct signing_key *key;
static struct public_keys *keys;
static const uint8_t digest[SHA256_SIZE] = {0xab, [31] = 0xcd};

static int start(void **state)
{
    struct error err = {0};
    char key_path[64], list_path[64], line[PUBLIC_KEY_LINE_SIZE];
    (void)state;
    snprintf(key_path, sizeof key_path, "/tmp/test_signers.%d.key", (int)getpid());
    snprintf(list_path, sizeof list_path, "/tmp/test_signers.%d.pub", (int)getpid());
    bool good = crypto_init(&err) && signing_key_create(key_path, "decision", &key, &err);
    FILE *list = fopen(list_path, "we");
    if (good && list) {
        signing_key_public_line(key, line);
        fprintf(list, "%s\n", line);
    }
    if (list)
        fclose(list);
    good = good && public_keys_read(list_path, "decision", &keys, &err);
    unlink(key_path);
    unlink(list_path);
    return good ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    signing_key_free(key);
    public_keys_free(keys);
    return 0;
}

/* As verify_decisions has it, of both forms in turn; a signature of another number is none of this
 * one. */
static void add_row(struct buffer *sql, int64_t id, bool holds)
{
    enum decision_form form = id % 2 ? DECISION_FORM_2 : DECISION_FORM_1;
    AUTO(json) json_t *read = json_pack("[s]", "0f0e0d0c");
    uint8_t signature[SIGNATURE_SIZE];
    char hex[2 * SIGNATURE_SIZE + 1], bundle[SHA256_HEX];
    AUTO(buffer) struct buffer message = {0};
    const struct decision decision = {.bundle_sha256 = digest,
                                      .request_id = holds ? id : id + 1,
                                      .revision = 1,
                                      .round = 1,
                                      .reviewer_id = 5,
                                      .verdict = "reject",
                                      .needed = 1,
                                      .decided_ms = DECIDED_MS,
                                      .form = form,
                                      .acknowledged = read};
    decision_encode(&decision, &message);
    signing_sign(key, buffer_bytes(&message), signature);
    hex_encode(signature, sizeof signature, hex);
    hex_encode(digest, sizeof digest, bundle);
    buffer_printf(
        sql,
        "%s(%" PRId64 "::int8, 'form'::text, %" PRId64 "::int8, %" PRId64
        "::int8, 1::int4, 1::int4, 5::int8, 'reject'::text, '\\x%s'::bytea, ''::text, "
        "'[\"0f0e0d0c\"]'::jsonb, 0::int4, 1::int8, null::int8, to_timestamp(%" PRId64
        "), null::timestamptz, '\\x%s'::bytea, '%s'::text, 1::int4, null::int8, %d::int4, "
        "'[\"0f0e0d0c\"]'::text)",
        sql->len ? ", " : "values ", id, id, id, bundle, DECIDED_MS / 1000, hex,
        signing_key_id(key), (int)form);
}

/* Rows from that number on, of which two, or none, do not hold. */
static struct rows *page(int64_t first, const int64_t wrong[2])
{
    AUTO(buffer) struct buffer sql = {0};
    AUTO(db) struct db *db = NULL;
    struct rows *rows = NULL;
    struct error err = {0};
    for (int64_t id = first; id < first + ROWS; id++)
        add_row(&sql, id, id != wrong[0] && id != wrong[1]);
    const struct statement statement = {"page", sql.data, "test_signers.c", 1, 0, ROWS_BINARY};
    if (!db_open(TEST_DATABASE, "test_signers", &db, &err) ||
        !db_run(db, &statement, NULL, &rows, &err))
        fail_msg("%s", err.text);
    return rows;
}

static bool check(const int64_t wrong[2], const int64_t checked[2], struct error *err)
{
    struct signers *signers = signers_new(keys);
    for (int64_t n = 0; n < PAGES; n++) {
        bool *is_checked = memory_new(ROWS, sizeof *is_checked);
        for (int64_t i = 0; i < ROWS; i++)
            is_checked[i] = n * ROWS + i == checked[0] || n * ROWS + i == checked[1];
        signers_take(signers, page(n * ROWS, wrong), is_checked);
    }
    return signers_end(signers, err);
}

static void test_all_of_many_hold(void **state)
{
    (void)state;
    struct error err = {0};
    assert_true(check((const int64_t[]){-1, -1}, (const int64_t[]){-1, -1}, &err));
}

static void test_the_first_that_does_not_hold_is_named(void **state)
{
    static const int64_t wrong[][2] = {{0, 1},
                                       {ROWS - 1, ROWS},
                                       {2 * ROWS + 49, 2 * ROWS + 50},
                                       {3 * ROWS + 7, 8 * ROWS},
                                       {PAGES * ROWS - 1, -1}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        char says[64];
        struct error err = {0};
        assert_false(check(wrong[i], (const int64_t[]){-1, -1}, &err));
        snprintf(says, sizeof says, "decision %" PRId64 ": says what its signature does not",
                 wrong[i][0]);
        assert_string_equal(err.text, says);
        assert_int_equal(err.code, ERR_CONFLICT);
    }
}

static void test_what_was_checked_is_not_checked_again(void **state)
{
    (void)state;
    struct error err = {0};
    static const int64_t wrong[2] = {ROWS + 3, 5 * ROWS};
    assert_true(check(wrong, wrong, &err));
    assert_false(check(wrong, (const int64_t[]){ROWS + 3, -1}, &err));
    assert_non_null(strstr(err.text, "decision 1150:"));
}

static void test_no_decisions_at_all(void **state)
{
    (void)state;
    struct error err = {0};
    assert_true(signers_end(signers_new(keys), &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_of_many_hold),
        cmocka_unit_test(test_the_first_that_does_not_hold_is_named),
        cmocka_unit_test(test_what_was_checked_is_not_checked_again),
        cmocka_unit_test(test_no_decisions_at_all),
    };
    return cmocka_run_group_tests(tests, start, end);
}
