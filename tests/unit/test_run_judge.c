/* What becomes of a run that is over, by who may still write it down. */
#include <pthread.h>

#include "common/base/clock.h"
#include "tests/unit/cmocka_all.h"
#include "worker/run_internal.h"
#include "worker/slots_internal.h"

#define GIVE_UP_MS 15000

static void abandon(struct sandbox *sandbox)
{
    (void)sandbox;
}

static bool attach(void *context, const struct sandbox_job *job, const char *reference,
                   struct sandbox **ret_sandbox, struct error *err)
{
    (void)context, (void)job, (void)reference, (void)ret_sandbox;
    return fail(err, ERR_NOT_FOUND, "nothing is here");
}

static struct sandbox_backend kept = {.abandon = abandon, .attach = attach}, ours;

/* How a run ends whose lease was renewed so long ago. */
static enum run_end judge(struct sandbox_backend *sandbox, enum slot_stop stop, int64_t renewed_ms,
                          const struct sandbox_result *result)
{
    struct slot slot = {.stop = stop,
                        .renewed_ms = clock_monotonic_ms() - renewed_ms,
                        .times = {.give_up_ms = GIVE_UP_MS}};
    struct backend backend = {.sandbox = sandbox};
    struct run run = {.slot = &slot, .backend = &backend};
    struct transition_end end;
    pthread_mutex_init(&slot.lock, NULL);
    enum run_end what = run_judge(&run, result, &end);
    pthread_mutex_destroy(&slot.lock);
    return what;
}

static void test_what_a_lost_lease_leaves(void **state)
{
    (void)state;
    static const struct {
        enum sandbox_outcome outcome;
        int term_signal;
        enum run_end kept, ours;
    } rows[] = {
        {SANDBOX_SUCCEEDED, 0, RUN_WRITE, RUN_WRITE}, /* evidence, however late */
        {SANDBOX_FAILED, 0, RUN_WRITE, RUN_WRITE},
        {SANDBOX_FAILED, 9, RUN_ABANDON, RUN_FORGET},
        {SANDBOX_TIMED_OUT, 0, RUN_ABANDON, RUN_FORGET},
        {SANDBOX_CANCELLED, 0, RUN_ABANDON, RUN_FORGET},
        {SANDBOX_UNKNOWN, 0, RUN_ABANDON, RUN_FORGET},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct sandbox_result result = {.outcome = rows[i].outcome,
                                              .term_signal = rows[i].term_signal};
        /* We were told, or were held up for so long that nobody could tell us. */
        for (int told = 0; told < 2; told++) {
            enum slot_stop stop = told ? SLOT_STOP_LOST : SLOT_STOP_NONE;
            int64_t renewed_ms = told ? 0 : GIVE_UP_MS + 1;
            assert_int_equal(judge(&kept, stop, renewed_ms, &result), rows[i].kept);
            assert_int_equal(judge(&ours, stop, renewed_ms, &result), rows[i].ours);
        }
    }
}

static void test_whoever_has_the_lease_writes(void **state)
{
    (void)state;
    static const enum sandbox_outcome outcomes[] = {SANDBOX_SUCCEEDED, SANDBOX_FAILED,
                                                    SANDBOX_TIMED_OUT};
    for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
        const struct sandbox_result result = {.outcome = outcomes[i], .term_signal = 9};
        assert_int_equal(judge(&kept, SLOT_STOP_NONE, 0, &result), RUN_WRITE);
        assert_int_equal(judge(&ours, SLOT_STOP_CANCEL, 0, &result), RUN_WRITE);
    }
}

/* Forged hints may bring an attempt of a backend that this worker does not have. */
static void test_no_backend_and_no_sandbox(void **state)
{
    (void)state;
    struct run run = {0};
    run_drop_sandbox(&run, RUN_FORGET);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_lost_lease_leaves),
        cmocka_unit_test(test_whoever_has_the_lease_writes),
        cmocka_unit_test(test_no_backend_and_no_sandbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
