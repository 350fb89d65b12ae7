/* Signed decisions: what a worker takes for an approval. */
/* Proves: T5 I1 I18 */
#include "tests/unit/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/domain/decision.h"
#include "worker/approval.h"

#define NOW 1000000

static char folder[] = "/tmp/test_approval_XXXXXX";
static char keys_file[64];
static struct signing_key *key, *other, *retired, *sealer;
static struct attempt attempt;

static json_t *findings; /* that were acknowledged: one */

static struct signing_key *make_key(const char *purpose, const char *name, FILE *list,
                                    const char *mark)
{
    char path[64];
    char line[PUBLIC_KEY_LINE_SIZE];
    struct signing_key *made = NULL;
    struct error err = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!signing_key_create(path, purpose, &made, &err))
        fail_msg("%s", err.text);
    signing_key_public_line(made, line);
    if (list)
        fprintf(list, "%s%s\n", line, mark);
    unlink(path);
    return made;
}

static int make_keys(void **state)
{
    (void)state;
    struct error err = {0};
    if (!crypto_init(&err) || !mkdtemp(folder))
        return -1;
    snprintf(keys_file, sizeof keys_file, "%s/keys", folder);
    FILE *list = fopen(keys_file, "w");
    key = make_key("decision", "key", list, "");
    retired = make_key("decision", "retired", list, " retired 1970-01-01T00:10:00Z"); /* 600,000 */
    other = make_key("decision", "other", NULL, "");
    sealer = make_key("seal", "sealer", NULL, "");
    findings = json_pack("[s]", "a:1:1");
    fclose(list);
    return 0;
}

static int drop_keys(void **state)
{
    (void)state;
    unlink(keys_file);
    rmdir(folder);
    signing_key_free(key);
    signing_key_free(other);
    signing_key_free(retired);
    signing_key_free(sealer);
    json_decref(findings);
    return 0;
}

/* One decision as signed, and by which key; the digest of the attempt when there is no other. */
struct made {
    struct decision decision;
    const struct signing_key *key;
};

static struct made approval_by(int64_t person)
{
    return (struct made){{.request_id = 7,
                          .revision = 2,
                          .round = 3,
                          .reviewer_id = person,
                          .verdict = "approve",
                          .needed = 1,
                          .decided_ms = NOW - 5000,
                          .valid_ms = NOW + 5000,
                          .form = DECISION_FORM_2,
                          .acknowledged = findings},
                         key};
}

static json_t *signed_row(const struct made *made)
{
    uint8_t sha256[SHA256_SIZE];
    unsigned char signature[SIGNATURE_SIZE];
    char hex[2 * SIGNATURE_SIZE + 1];
    struct decision decision = made->decision;
    AUTO(buffer) struct buffer message = {0};
    attempt_digest(&attempt, sha256);
    decision.bundle_sha256 = decision.bundle_sha256 ? decision.bundle_sha256 : sha256;
    decision_encode(&decision, &message);
    signing_sign(made->key, buffer_bytes(&message), signature);
    hex_encode(signature, SIGNATURE_SIZE, hex);
    return json_pack("{s:i, s:I, s:I, s:s, s:I, s:I, s:I, s:i, s:O, s:s, s:s}", "id", 11,
                     "reviewer_id", (json_int_t)decision.reviewer_id, "round",
                     (json_int_t)decision.round, "verdict", decision.verdict, "needed",
                     (json_int_t)decision.needed, "decided_ms", (json_int_t)decision.decided_ms,
                     "valid_ms", (json_int_t)decision.valid_ms, "form", (int)decision.form,
                     "acknowledged", decision.acknowledged, "key_id", signing_key_id(made->key),
                     "signature", hex);
}

static int a_claim(void **state)
{
    (void)state;
    attempt = (struct attempt){
        .bundle = {.request_id = 7,
                   .revision = 2,
                   .language = "python",
                   .code = {"x", 1},
                   .target = "",
                   .sandbox = "local",
                   .image = "i",
                   .network = "none",
                   .verdict_sha256 = ""},
        .manifest = json_pack("{s:i, s:[]}", "now_ms", NOW, "decisions"),
    };
    return 0;
}

static int no_claim(void **state)
{
    (void)state;
    json_decref(attempt.manifest);
    return 0;
}

static void put(json_t *take_row)
{
    json_array_append_new(json_object_get(attempt.manifest, "decisions"), take_row);
}

static void expect(const char *why)
{
    struct error err = {0};
    bool holds = approval_check(&attempt, keys_file, &err);
    if (!why && !holds)
        fail_msg("%s", err.text);
    if (!why)
        return;
    assert_false(holds);
    assert_int_equal(err.code, ERR_STALE);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" is not about \"%s\"", err.text, why);
}

static void expect_of(const struct made *made, const char *why)
{
    json_array_clear(json_object_get(attempt.manifest, "decisions"));
    put(signed_row(made));
    expect(why);
}

static void what_was_signed_holds(void **state)
{
    (void)state;
    struct made made = approval_by(5);
    expect("0 decisions");
    expect_of(&made, NULL);
    json_t *ids = approval_decision_ids(&attempt);
    assert_int_equal(json_integer_value(json_array_get(ids, 0)), 11);
    json_decref(ids);
}

/* Whoever owns the database can write any of these; the signature was made over others. */
static void no_field_can_be_another(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        int64_t number;
    } fields[] = {
        {"reviewer_id", NULL, 6},
        {"round", NULL, 4},
        {"verdict", "reject", 0},
        {"needed", NULL, 0},
        {"decided_ms", NULL, NOW},
        {"valid_ms", NULL, NOW + 6000},
        {"key_id", "0123456789abcdef", 0},
        {"signature", "00", 0},
        {"signature", "", 0},
    };
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct made made = approval_by(5);
        json_t *row = signed_row(&made);
        json_object_set_new(row, fields[i].name,
                            fields[i].text ? json_string(fields[i].text)
                                           : json_integer(fields[i].number));
        json_array_clear(json_object_get(attempt.manifest, "decisions"));
        put(row);
        expect("sign");
        json_object_del(row, fields[i].name);
        expect(fields[i].text && strcmp(fields[i].name, "verdict") != 0 ? "is not signed" : "sign");
    }
}

/* What a reviewer did not say they had read, or said in the form that did not ask. */
static void nor_can_what_was_acknowledged(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "[]", "[\"a:1:2\"]", "[\"a:1:1\", \"a:1:1\"]", "[\"a\", \"1:1\"]", "[7]", "{}", "null"};
    struct made made = approval_by(5);
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        json_t *row = signed_row(&made);
        json_object_set_new(row, "acknowledged", json_loads(lists[i], JSON_DECODE_ANY, NULL));
        json_array_clear(json_object_get(attempt.manifest, "decisions"));
        put(row);
        expect("sign");
    }
    static const int64_t forms[] = {DECISION_FORM_1, 0, 3};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        json_t *row = signed_row(&made);
        json_object_set_new(row, "form", json_integer(forms[i]));
        json_array_clear(json_object_get(attempt.manifest, "decisions"));
        put(row);
        expect("sign");
    }
}

static void the_first_form_holds_as_long_as_it_says(void **state)
{
    (void)state;
    struct made made = approval_by(5);
    made.decision.form = DECISION_FORM_1;
    expect_of(&made, NULL);
    json_t *row = json_array_get(json_object_get(attempt.manifest, "decisions"), 0);
    json_object_set_new(row, "form", json_integer(DECISION_FORM_2));
    expect("no signature that holds");
}

static void nor_can_what_it_is_about(void **state)
{
    (void)state;
    struct made made = approval_by(5);
    expect_of(&made, NULL);
    attempt.bundle.request_id = 8; /* the approval of another request */
    expect("no signature that holds");
    attempt.bundle.request_id = 7;
    attempt.bundle.revision = 3;
    expect("no signature that holds");
    attempt.bundle.revision = 2;
    attempt.bundle.code = bytes_of("y");
    expect("no signature that holds");
    attempt.bundle.code = bytes_of("x");
    attempt.bundle.limits.wall_ms = 1;
    expect("no signature that holds");
    attempt.bundle.limits.wall_ms = 0;
    expect(NULL);
}

static void only_keys_in_use_count(void **state)
{
    (void)state;
    struct made made = approval_by(5);
    made.key = other;
    expect_of(&made, "no signature that holds");
    made.key = sealer;
    expect_of(&made, "no signature that holds");
    made.key = retired; /* at 600,000, and this says it was signed later */
    expect_of(&made, "no signature that holds");
    made.decision.decided_ms = 599999;
    expect_of(&made, NULL);
    json_t *row = json_array_get(json_object_get(attempt.manifest, "decisions"), 0);
    json_object_set_new(row, "key_id", json_string(signing_key_id(key)));
    expect("no signature that holds");
}

static void a_decision_must_approve_and_not_have_ended(void **state)
{
    (void)state;
    struct made made = approval_by(5);
    made.decision.verdict = "reject";
    expect_of(&made, "did not approve");
    made = approval_by(5);
    made.decision.valid_ms = NOW;
    expect_of(&made, "has ended");
    made.decision.valid_ms = NOW + 1;
    expect_of(&made, NULL);
    json_object_del(attempt.manifest, "now_ms");
    expect("has ended");
}

static void who_breaks_the_glass_decides_alone(void **state)
{
    (void)state;
    struct made made = approval_by(5), second = approval_by(6);
    made.decision.verdict = "break_glass";
    made.decision.needed = 2;
    expect_of(&made, NULL);
    put(signed_row(&second));
    expect("decides alone");
    made.decision.valid_ms = NOW;
    expect_of(&made, "has ended");
    made = approval_by(5);
    made.decision.needed = 2; /* signed as one of two, and called alone afterwards */
    expect_of(&made, "1 approvals are not the 2");
    json_t *row = json_array_get(json_object_get(attempt.manifest, "decisions"), 0);
    json_object_set_new(row, "verdict", json_string("break_glass"));
    expect("no signature that holds");
}

static void enough_distinct_people_approve(void **state)
{
    (void)state;
    struct made one = approval_by(5), two = approval_by(6);
    one.decision.needed = two.decision.needed = 2;
    expect_of(&one, "1 approvals are not the 2");
    put(signed_row(&one));
    expect("person 5 approved twice");
    json_array_remove(json_object_get(attempt.manifest, "decisions"), 1);
    put(signed_row(&two));
    expect(NULL);
    json_array_remove(json_object_get(attempt.manifest, "decisions"), 1);
    two.decision.round = 2;
    put(signed_row(&two));
    expect("different rounds");
    two = approval_by(6);
    two.decision.needed = 3; /* each counts */
    json_array_remove(json_object_get(attempt.manifest, "decisions"), 1);
    put(signed_row(&two));
    expect("2 approvals are not the 3");
}

static void without_keys_nothing_is_known(void **state)
{
    (void)state;
    struct made made = approval_by(5);
    struct error err = {0};
    put(signed_row(&made));
    assert_false(approval_check(&attempt, "/nonexistent", &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
}

static void more_decisions_than_there_can_be(void **state)
{
    (void)state;
    for (int i = 0; i <= APPROVAL_DECISIONS_MAX; i++) {
        struct made made = approval_by(i + 1);
        put(signed_row(&made));
    }
    expect("33 decisions");
    json_array_remove(json_object_get(attempt.manifest, "decisions"), 0);
    expect(NULL);
    json_array_append_new(json_object_get(attempt.manifest, "decisions"), json_null());
    json_array_remove(json_object_get(attempt.manifest, "decisions"), 0);
    expect("decision 32 is not signed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_signed_holds, a_claim, no_claim),
        cmocka_unit_test_setup_teardown(no_field_can_be_another, a_claim, no_claim),
        cmocka_unit_test_setup_teardown(nor_can_what_was_acknowledged, a_claim, no_claim),
        cmocka_unit_test_setup_teardown(the_first_form_holds_as_long_as_it_says, a_claim, no_claim),
        cmocka_unit_test_setup_teardown(nor_can_what_it_is_about, a_claim, no_claim),
        cmocka_unit_test_setup_teardown(only_keys_in_use_count, a_claim, no_claim),
        cmocka_unit_test_setup_teardown(a_decision_must_approve_and_not_have_ended, a_claim,
                                        no_claim),
        cmocka_unit_test_setup_teardown(who_breaks_the_glass_decides_alone, a_claim, no_claim),
        cmocka_unit_test_setup_teardown(enough_distinct_people_approve, a_claim, no_claim),
        cmocka_unit_test_setup_teardown(without_keys_nothing_is_known, a_claim, no_claim),
        cmocka_unit_test_setup_teardown(more_decisions_than_there_can_be, a_claim, no_claim),
    };
    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
