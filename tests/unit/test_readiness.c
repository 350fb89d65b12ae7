/* Whether a backend can be used: what is known while it is asked, and what each answer changes. */
#include <stdatomic.h>
#include <stdio.h>

#include "common/base/log.h"
#include "tests/unit/cmocka_all.h"
#include "worker/pulse.h"
#include "worker/sandbox/readiness.h"

#define NEVER_MS 3600000
#define HANG_MS 20000

/* Each question waits here for its answer. */
static struct {
    struct pulse *asked, *answered, *changed;
    enum readiness_answer answer;
    const char *why_not;
    atomic_int questions, changes;
} bench;

static enum readiness_answer ask(void *context, char ret_why_not[READINESS_WHY])
{
    (void)context;
    atomic_fetch_add(&bench.questions, 1);
    pulse_ring(bench.asked);
    pulse_wait(bench.answered, HANG_MS);
    snprintf(ret_why_not, READINESS_WHY, "%s", bench.why_not);
    return bench.answer;
}

static void note_change(void *context)
{
    (void)context;
    atomic_fetch_add(&bench.changes, 1);
    pulse_ring(bench.changed);
}

static struct readiness *readiness;

static int setup(void **state)
{
    (void)state;
    log_open("test", LOG_ERROR + 1);
    bench.asked = pulse_new();
    bench.answered = pulse_new();
    bench.changed = pulse_new();
    atomic_store(&bench.questions, 0);
    atomic_store(&bench.changes, 0);
    readiness = readiness_new(&(struct readiness_options){
        .name = "test", .ask = ask, .every_ms = NEVER_MS, .again_ms = NEVER_MS});
    readiness_on_change(readiness, note_change, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    readiness_free(readiness);
    pulse_free(bench.asked);
    pulse_free(bench.answered);
    pulse_free(bench.changed);
    return 0;
}

static void begin(void)
{
    struct error err = {0};
    assert_true(readiness_begin(readiness, &err));
    pulse_wait(bench.asked, HANG_MS);
}

/* The question that is under way gets this answer; then the next one is asked. */
static void answer(enum readiness_answer what, const char *why_not)
{
    bench.answer = what;
    bench.why_not = why_not;
    int questions = atomic_load(&bench.questions);
    pulse_ring(bench.answered);
    readiness_ask_soon(readiness);
    while (atomic_load(&bench.questions) == questions)
        pulse_wait(bench.asked, HANG_MS);
}

static void expect(enum readiness_answer what, const char *why_not)
{
    char why[READINESS_WHY];
    assert_int_equal(readiness_look(readiness, why), what);
    assert_string_equal(why, why_not);
}

static void end(void)
{
    bench.answer = READINESS_UNSURE;
    pulse_ring(bench.answered);
}

static void test_what_is_not_asked_is_ready(void **state)
{
    (void)state;
    expect(READINESS_YES, "");
    readiness_await(readiness, NEVER_MS);
    assert_int_equal(atomic_load(&bench.questions), 0);
}

static void test_nobody_waits_for_the_first_answer(void **state)
{
    (void)state;
    begin();
    expect(READINESS_UNSURE, "its first preflight is under way");
    readiness_await(readiness, 1); /* not for ever */
    expect(READINESS_UNSURE, "its first preflight is under way");
    answer(READINESS_YES, "");
    expect(READINESS_YES, "");
    assert_int_equal(atomic_load(&bench.changes), 1);
    end();
}

static void test_each_answer_that_differs_is_told(void **state)
{
    (void)state;
    begin();
    answer(READINESS_NO, "the key");
    expect(READINESS_NO, "the key");
    answer(READINESS_NO, "the key");
    assert_int_equal(atomic_load(&bench.changes), 1);
    answer(READINESS_NO, "the address");
    expect(READINESS_NO, "the address");
    answer(READINESS_UNSURE, "noise");
    expect(READINESS_NO, "the address");
    assert_int_equal(atomic_load(&bench.changes), 2);
    answer(READINESS_YES, "");
    answer(READINESS_UNSURE, "noise");
    expect(READINESS_YES, "");
    assert_int_equal(atomic_load(&bench.changes), 3);
    end();
}

static void test_unsure_at_first_is_no_reason_to_wait(void **state)
{
    (void)state;
    begin();
    answer(READINESS_UNSURE, "noise");
    expect(READINESS_YES, "");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_not_asked_is_ready, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nobody_waits_for_the_first_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_answer_that_differs_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsure_at_first_is_no_reason_to_wait, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
