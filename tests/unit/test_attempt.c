/* A claimed attempt: whether what will be sent is what was approved. */
/* Proves: I1 */
#include "tests/unit/cmocka_all.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/services.h"
#include "worker/attempt.h"
#include "worker/transition.h"

static struct db_pool *pool;

#define FIRST_LIMITS                                                                               \
    "\"limits\": {\"wall_ms\": 1, \"memory_bytes\": 1, \"pids\": 1, \"output_bytes\": 1,"          \
    " \"files\": 1, \"file_bytes\": 1}"
#define LIMITS                                                                                     \
    "\"limits\": {\"wall_ms\": 30000, \"memory_bytes\": 1073741824, \"pids\": 64,"                 \
    " \"output_bytes\": 1048576, \"files\": 8, \"file_bytes\": 8388608, \"cpu_ms\": 900,"          \
    " \"tmp_bytes\": 1048576}"
#define TEXTS                                                                                      \
    "\"target\": \"\", \"sandbox\": \"local\", \"image\": \"system-python3\","                     \
    " \"network\": \"none\", \"verdict_sha256\": \"\""
#define REST REST_OF("v2")
#define REST_OF(form)                                                                              \
    "\"retry_safe\": false, \"policy_version\": 0, \"approval_ms\": 86400000,"                     \
    " \"format\": \"countersign-bundle-" form "\", \"team_id\": 5,"                                \
    " \"isolation\": \"namespaces\", \"image_digest\": \"a1\", \"max_attempts\": 3"
#define FILE_ROW "{\"n\": 1, \"name\": \"orders.csv\", \"bytes\": 5, \"sha256\": \"\"}"
#define MANIFEST "{\"files\": [" FILE_ROW "], " TEXTS ", " LIMITS ", " REST "}"

#define ROW "select 7::int8, 3::int8, 12::int8, 2::int8, 'python', 'print(1)'::bytea, $1::text, "

static const struct statement whole = {"claimed", ROW "sha256('approved')", "test_attempt.c", 1, 1,
                                       true};
static const struct statement undigested = {"undigested", ROW "null::bytea", "test_attempt.c", 1, 1,
                                            true};

/* A claim's row, out of the real database, with this manifest. */
static struct attempt *claimed_as(const struct statement *row, const char *manifest,
                                  struct error *ret_why)
{
    AUTO(rows) struct rows *rows = NULL;
    const struct db_param params[] = {{DB_TEXT, 0, bytes_of(manifest)}};
    struct error err = {0};
    if (!db_pool_run(pool, row, params, &rows, &err))
        fail_msg("%s", err.text);
    return attempt_from_row(rows, 0, ret_why);
}

static struct attempt *claimed(const char *manifest, struct error *ret_why)
{
    return claimed_as(&whole, manifest, ret_why);
}

static int open_pool(void **state)
{
    (void)state;
    struct error err = {0};
    pool = db_pool_new(TEST_DATABASE, "test_attempt", 1);
    return crypto_init(&err) ? 0 : -1;
}

static int close_pool(void **state)
{
    (void)state;
    db_pool_free(pool);
    return 0;
}

static void a_claim_is_read_whole(void **state)
{
    (void)state;
    struct error why = {0};
    struct attempt *attempt = claimed(MANIFEST, &why);
    assert_false(attempt->malformed);
    assert_int_equal(attempt->id, 7);
    assert_int_equal(attempt->fence, 3);
    struct sandbox_job job = attempt_job(attempt);
    assert_string_equal(job.language, "python");
    assert_true(bytes_equal(job.code, bytes_of("print(1)")));
    assert_int_equal(job.file_count, 1);
    assert_string_equal(job.files[0].name, "orders.csv");
    assert_int_equal(job.limits.wall_ms, 30000);
    assert_int_equal(job.limits.file_bytes, 8388608);
    assert_int_equal(job.limits.cpu_ms, 900);
    assert_int_equal(job.limits.tmp_bytes, 1048576);
    assert_string_equal(job.image_digest, "a1");
    assert_int_equal(attempt->bundle.terms.team_id, 5);
    assert_int_equal(attempt->bundle.terms.max_attempts, 3);
    attempt_free(attempt);
}

/* Those of earlier releases hold no more than they say. */
static void the_first_form_is_read(void **state)
{
    (void)state;
    struct error why = {0};
    struct attempt *attempt = claimed("{\"files\": [], \"format\": \"countersign-bundle-v1\", "
                                      "\"isolation\": \"vm\", " TEXTS ", " FIRST_LIMITS "}",
                                      &why);
    assert_false(attempt->malformed);
    assert_true(attempt->bundle.is_first);
    assert_null(attempt->bundle.terms.isolation);
    assert_int_equal(attempt->bundle.limits.tmp_bytes, 0);
    attempt_free(attempt);
}

#define OF_FILE "input 0 has no plain name, number or size"
#define FILES(row) "{\"files\": [" row "], " TEXTS ", " LIMITS ", " REST "}"

/* Each is well made but for one thing, so that nothing else could refuse it. */
static void what_makes_no_sense_is_malformed(void **state)
{
    static const struct {
        const char *manifest, *why;
    } rows[] = {
        {"", "the body is empty; a JSON object is needed"},
        {"[]", "a JSON object is needed at the top"},
        {"{}", "the manifest has no list of input files"},
        {"{\"files\": {}, " TEXTS ", " LIMITS ", " REST "}",
         "the manifest has no list of input files"},
        {FILES("{\"n\": 1, \"name\": \"../x\", \"bytes\": 5, \"sha256\": \"\"}"), OF_FILE},
        {FILES("{\"n\": 1, \"name\": \".x\", \"bytes\": 5, \"sha256\": \"\"}"), OF_FILE},
        {FILES("{\"n\": 1, \"name\": \"x\", \"bytes\": -5, \"sha256\": \"\"}"), OF_FILE},
        {FILES("{\"name\": \"x\", \"bytes\": 5, \"sha256\": \"\"}"), OF_FILE},
        {FILES("{\"n\": 1, \"name\": \"x\", \"sha256\": \"\"}"), OF_FILE},
        {FILES("7"), OF_FILE},
        {"{\"files\": [], " TEXTS ", \"limits\": {\"wall_ms\": 1}, " REST "}",
         "the manifest has no number memory_bytes"},
        {"{\"files\": [], \"sandbox\": \"local\", " LIMITS ", " REST "}",
         "the manifest has no text target"},
        {"{\"files\": [], " TEXTS ", " LIMITS ", " REST_OF("v3") "}",
         "the manifest has no format that is known"},
        {"{\"files\": [], \"format\": \"countersign-bundle-v2\", " TEXTS ", " LIMITS "}",
         "the manifest has no text isolation"},
        {"{\"files\": [], " TEXTS ", " FIRST_LIMITS ", " REST "}",
         "the manifest has no number cpu_ms"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error why = {0};
        struct attempt *attempt = claimed(rows[i].manifest, &why);
        if (!attempt->malformed)
            fail_msg("accepted: %s", rows[i].manifest);
        assert_string_equal(why.text, rows[i].why);
        attempt_free(attempt);
    }
}

static void more_files_than_there_may_be_are_malformed(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer manifest = {0};
    buffer_add_text(&manifest, "{\"files\": [" FILE_ROW);
    for (int i = 0; i < ATTEMPT_FILES_MAX; i++)
        buffer_add_text(&manifest, ", " FILE_ROW);
    buffer_add_text(&manifest, "], " TEXTS ", " LIMITS ", " REST "}");
    struct error why = {0};
    struct attempt *attempt = claimed(manifest.data, &why);
    assert_true(attempt->malformed);
    assert_string_equal(why.text, "the manifest has no list of input files");
    attempt_free(attempt);
    attempt_free(NULL);
}

static void without_an_approved_digest_it_is_malformed(void **state)
{
    (void)state;
    struct error why = {0};
    struct attempt *attempt = claimed_as(&undigested, MANIFEST, &why);
    assert_true(attempt->malformed);
    assert_string_equal(why.text, "the approved digest is missing");
    assert_false(attempt_is_what_was_approved(attempt, &why));
    attempt_free(attempt);
}

/* Sets what was approved to what the attempt holds now. */
static void approve(struct attempt *attempt)
{
    attempt_digest(attempt, attempt->bundle_sha256);
}

static void any_other_byte_is_noticed(void **state)
{
    (void)state;
    struct error err = {0};
    struct attempt *attempt = claimed(MANIFEST, &err);
    assert_false(attempt_is_what_was_approved(attempt, &err));
    assert_int_equal(err.code, ERR_STALE);
    approve(attempt);
    assert_true(attempt_is_what_was_approved(attempt, &err));
    attempt->code.data[0] ^= 1;
    assert_false(attempt_is_what_was_approved(attempt, &err));
    attempt->code.data[0] ^= 1;
    attempt->files[0].sha256[31] ^= 1;
    assert_false(attempt_is_what_was_approved(attempt, &err));
    attempt->files[0].sha256[31] ^= 1;
    attempt->files[0].name[0] = 'O';
    assert_false(attempt_is_what_was_approved(attempt, &err));
    attempt->files[0].name[0] = 'o';
    attempt->bundle.limits.wall_ms++;
    assert_false(attempt_is_what_was_approved(attempt, &err));
    attempt->bundle.limits.wall_ms--;
    attempt->bundle.retry_safe = true;
    assert_false(attempt_is_what_was_approved(attempt, &err));
    attempt->bundle.retry_safe = false;
    attempt->bundle.revision++;
    assert_false(attempt_is_what_was_approved(attempt, &err));
    attempt->bundle.revision--;
    assert_true(attempt_is_what_was_approved(attempt, &err));
    attempt_free(attempt);
}

static void its_files_are_closed_with_it(void **state)
{
    (void)state;
    struct error why = {0};
    struct attempt *attempt = claimed(MANIFEST, &why);
    int ends[2];
    char byte;
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    attempt->files[0].fd = ends[1];
    attempt_free(attempt);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

static void names_are_plain_or_refused(void **state)
{
    (void)state;
    char name[300];
    memset(name, 'a', sizeof name);
    name[255] = '\0';
    assert_true(attempt_name_is_plain(name));
    name[255] = 'a';
    name[256] = '\0';
    assert_false(attempt_name_is_plain(name));
    assert_true(attempt_name_is_plain("Umsätze 2026.csv"));
    assert_false(attempt_name_is_plain(""));
    assert_false(attempt_name_is_plain("."));
    assert_false(attempt_name_is_plain(".."));
    assert_false(attempt_name_is_plain(".htaccess"));
    assert_false(attempt_name_is_plain("a/b"));
    assert_false(attempt_name_is_plain("/etc/passwd"));
}

static void text_from_a_sandbox_becomes_valid_json(void **state)
{
    (void)state;
    AUTO(json) json_t *fine = transition_text("Größe \"1\"\n");
    AUTO(json)
    json_t *broken = transition_text("a\xff\xfe"
                                     "b");
    AUTO(json) json_t *half = transition_text("\xe2\x82");
    assert_string_equal(json_string_value(fine), "Größe \"1\"\n");
    assert_string_equal(json_string_value(broken), "a??b");
    assert_string_equal(json_string_value(half), "??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_is_read_whole),
        cmocka_unit_test(the_first_form_is_read),
        cmocka_unit_test(what_makes_no_sense_is_malformed),
        cmocka_unit_test(more_files_than_there_may_be_are_malformed),
        cmocka_unit_test(without_an_approved_digest_it_is_malformed),
        cmocka_unit_test(any_other_byte_is_noticed),
        cmocka_unit_test(its_files_are_closed_with_it),
        cmocka_unit_test(names_are_plain_or_refused),
        cmocka_unit_test(text_from_a_sandbox_becomes_valid_json),
    };
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
