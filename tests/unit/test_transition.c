/* The moves of an attempt: what is asked of the database, and what its answers make known. */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "statements.h"
#include "tests/unit/support/death.h"
#include "tests/unit/support/script.h"
#include "worker/transition.h"

static struct worker worker;
static struct attempt attempt;
static int announced, rung;
static struct error err;

void __wrap_doorbell_announce(struct doorbell *doorbell, const char *json);
void __wrap_doorbell_announce(struct doorbell *doorbell, const char *json)
{
    (void)doorbell, (void)json;
    announced++;
}

void __wrap_doorbell_ring(struct doorbell *doorbell, const char *queue, int64_t id);
void __wrap_doorbell_ring(struct doorbell *doorbell, const char *queue, int64_t id)
{
    (void)doorbell;
    assert_string_equal(queue, "queue:review");
    assert_int_equal(id, 7);
    rung++;
}

static int setup(void **state)
{
    (void)state;
    script_forget();
    announced = rung = 0;
    err = (struct error){0};
    worker = (struct worker){.id = 5};
    worker.starts = batch_new(NULL, &SQL_START_ATTEMPTS);
    worker.runnings = batch_new(NULL, &SQL_MARK_ATTEMPTS_RUNNING);
    worker.releases = batch_new(NULL, &SQL_RELEASE_ATTEMPTS);
    worker.finishes = batch_new(NULL, &SQL_FINISH_ATTEMPTS);
    attempt = (struct attempt){.id = 7, .fence = 3};
    attempt.bundle = (struct bundle){.language = "python",
                                     .target = "",
                                     .sandbox = "local",
                                     .image = "i",
                                     .network = "none",
                                     .verdict_sha256 = ""};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    batch_free(worker.starts);
    batch_free(worker.runnings);
    batch_free(worker.releases);
    batch_free(worker.finishes);
    json_decref(attempt.manifest);
    return 0;
}

/* What was asked of this statement: one item, as JSON text. */
static bool was_asked(const char *statement, const char *part)
{
    const char *told = script_told(statement);
    if (told && strstr(told, part))
        return true;
    print_error("%s\n", told ? told : "nothing");
    return false;
}

#define FINE "select 0::int4, '{\"ok\": true}'::jsonb"
#define REFUSED "select 0::int4, '{\"error\": {\"code\": \"stale\"}}'::jsonb"

static void what_changed_is_announced(void **state)
{
    (void)state;
    script_answer("start_attempts",
                  "select 0::int4, '{\"event\": {}, \"events\": [{}, 7], \"push\": "
                  "[{\"queue\": \"queue:review\", \"id\": 7}, {\"id\": 8}]}'::jsonb");
    assert_true(transition_start(&worker, &attempt, NULL, &err));
    assert_int_equal(announced, 2);
    assert_int_equal(rung, 1);
    assert_true(was_asked("start_attempts", "\"fence\":3"));
}

static void a_start_says_what_it_rests_on_and_where_it_is(void **state)
{
    (void)state;
    script_answer("start_attempts", FINE);
    attempt.manifest = json_pack("{s:[{s:i}]}", "decisions", "id", 11);
    assert_true(transition_start(&worker, &attempt, "{\"sandbox_id\": \"x\"}", &err));
    assert_true(was_asked("start_attempts", "\"decision_ids\":[11]"));
    assert_true(was_asked("start_attempts", "\"remote\":{\"sandbox_id\":\"x\"}"));
    script_answer("start_attempts", REFUSED);
    assert_false(transition_start(&worker, &attempt, "no json", &err));
    assert_int_equal(err.code, ERR_STALE);
    assert_null(strstr(script_told("start_attempts"), "remote"));
}

/* A digest of nothing, so that no database can take it for what was approved. */
static void a_refusal_is_never_a_start(void **state)
{
    (void)state;
    script_answer("start_attempts", FINE);
    attempt.malformed = true;
    assert_false(transition_refuse(&worker, &attempt, "no", &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_true(was_asked("start_attempts", "\"bundle_sha256\":\"0000000000000000"));
    assert_true(was_asked("start_attempts", "\"refused\":\"no\""));
    script_answer("start_attempts", REFUSED);
    assert_false(transition_refuse(&worker, &attempt, "no", &err));
    assert_int_equal(err.code, ERR_STALE);
}

static void a_lost_start_holds_only_where_all_of_it_is_ours(void **state)
{
    static const struct {
        const char *sql;
        bool fine, holds;
    } rows[] = {
        {NULL, false, false},
        {"select null::text", true, false},
        {"select '{\"state\": \"claimed\", \"worker_id\": 5, \"lease_left_ms\": 9}'", true, false},
        {"select '{\"state\": \"starting\", \"worker_id\": 6, \"lease_left_ms\": 9}'", true, false},
        {"select '{\"state\": \"starting\", \"worker_id\": 5, \"lease_left_ms\": 0}'", true, false},
        {"select '{\"state\": \"starting\", \"worker_id\": 5, \"lease_left_ms\": 9}'", true, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool holds = false;
        script_forget();
        if (rows[i].sql)
            script_answer("attempt_standing", rows[i].sql);
        else
            script_fail("attempt_standing", ERR_UNAVAILABLE);
        assert_int_equal(transition_start_holds(&worker, &attempt, &holds, &err), rows[i].fine);
        assert_int_equal(holds, rows[i].holds);
    }
}

static void mark_too_many(void *context)
{
    static struct transition_mark marks[BATCH_MAX + 1];
    transition_running(context, marks, COUNT_OF(marks));
}

static void each_mark_has_its_own_answer(void **state)
{
    static const struct transition_mark marks[] = {{7, 3}, {8, 1}, {9, 1}};
    (void)state;
    script_answer("mark_attempts_running",
                  "values (0, '{\"event\": {}}'::jsonb), (1, '{\"error\": {\"code\": "
                  "\"wrong_state\"}}'), (2, '{\"error\": {\"code\": \"stale\"}}')");
    transition_running(&worker, marks, COUNT_OF(marks));
    assert_int_equal(announced, 1);
    assert_int_equal(script_calls("mark_attempts_running"), 1);
    assert_true(death_of(mark_too_many, &worker));
}

static void what_was_used_is_told(void **state)
{
    const struct sandbox_usage usage = {.cpu = 2, .memory_mib = 512, .disk_gib = 3, .ms = 1500};
    const struct transition_release plain = {.reason = "draining"};
    const struct transition_release final = {
        .reason = "gone", .retry_after_ms = 40, .usage = &usage, .is_final = true};
    (void)state;
    script_answer("release_attempts", FINE);
    assert_true(transition_release(&worker, &attempt, &plain, &err));
    for (size_t i = 0; i < 4; i++) {
        static const char *const none[] = {"retry_after_ms", "fail", "cost", "cpu"};
        assert_null(strstr(script_told("release_attempts"), none[i]));
    }
    attempt.bundle.sandbox = "e2b";
    assert_true(transition_release(&worker, &attempt, &final, &err));
    static const char *const all[] = {"\"retry_after_ms\":40", "\"fail\":true",
                                      "\"seconds\":1.5",       "\"cpu\":2.0",
                                      "\"memory_mib\":512",    "\"disk_gib\":3"};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        assert_true(was_asked("release_attempts", all[i]));
    assert_null(strstr(script_told("release_attempts"), "nano_usd"));
}

static void an_end_is_told_with_its_price(void **state)
{
    struct sandbox_result result = {.duration_ms = 2500};
    AUTO(json) json_t *items = json_array();
    struct transition_end end = {"failed", "exit_code", &result, items, false};
    (void)state;
    script_answer("finish_attempts", FINE);
    assert_true(transition_finish(&worker, &attempt, &end, &err));
    assert_true(was_asked("finish_attempts", "\"seconds\":2.5"));
    assert_true(was_asked("finish_attempts", "\"nano_usd\":0"));
    assert_true(was_asked("finish_attempts", "\"adopt\":false"));
    result.usage.ms = 3500;
    end.may_run_on = true;
    script_fail("finish_attempts", ERR_LOST);
    assert_false(transition_finish(&worker, &attempt, &end, &err));
    assert_int_equal(err.code, ERR_LOST);
    assert_true(was_asked("finish_attempts", "\"seconds\":3.5"));
    assert_true(was_asked("finish_attempts", "\"adopt\":true"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_changed_is_announced),     TEST(a_start_says_what_it_rests_on_and_where_it_is),
        TEST(a_refusal_is_never_a_start),    TEST(a_lost_start_holds_only_where_all_of_it_is_ours),
        TEST(each_mark_has_its_own_answer),  TEST(what_was_used_is_told),
        TEST(an_end_is_told_with_its_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
