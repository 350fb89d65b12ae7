/* One backend as slots use it: places, the breaker, and what an error says of a service. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "tests/unit/cmocka_all.h"
#include "worker/backend.h"
#include "worker/sandbox/readiness.h"

#define RECOVERY_MS 200
#define HANG_MS 20000

static enum readiness_answer refuse(void *context, char ret_why_not[READINESS_WHY])
{
    (void)context;
    snprintf(ret_why_not, READINESS_WHY, "no template");
    return READINESS_NO;
}

static struct sandbox_backend sandbox = {.name = "service", .image = "small", .isolation = "vm"};
static struct backend backend;

static int setup(void **state)
{
    (void)state;
    struct error err = {0};
    const struct breaker_options options = {.redis_url = "",
                                            .prefix = "",
                                            .name = "service",
                                            .failures = 2,
                                            .recovery_ms = RECOVERY_MS,
                                            .permits = 1};
    sandbox.readiness = readiness_new(&(struct readiness_options){
        .name = "service", .ask = refuse, .every_ms = HANG_MS, .again_ms = HANG_MS});
    backend = (struct backend){.name = "service", .sandbox = &sandbox, .places = 2};
    backend.breaker = breaker_new(&options);
    return crypto_init(&err) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    breaker_free(backend.breaker);
    readiness_free(sandbox.readiness);
    return 0;
}

static enum error_code enter(struct backend_pass *ret_pass)
{
    struct error err = {0};
    int64_t retry_ms = -1;
    *ret_pass = (struct backend_pass){0};
    if (!backend_enter(&backend, ret_pass, &retry_ms, &err) && err.code == ERR_UNAVAILABLE)
        assert_true(retry_ms >= 0);
    return err.code;
}

static void test_no_more_jobs_than_places(void **state)
{
    (void)state;
    struct backend_pass first, second, third;
    assert_int_equal(backend_room(&backend), 2);
    assert_int_equal(enter(&first), ERR_NONE);
    assert_int_equal(backend_room(&backend), 1);
    assert_int_equal(enter(&second), ERR_NONE);
    assert_int_equal(backend_room(&backend), 0);
    assert_int_equal(enter(&third), ERR_BUSY);
    assert_false(third.taken);
    backend_leave(&backend, &third, BREAKER_FAILED, "was never there");
    backend_leave(&backend, &first, BREAKER_WORKED, "");
    backend_leave(&backend, &first, BREAKER_WORKED, "a second time");
    assert_int_equal(backend_room(&backend), 1);
    assert_int_equal(enter(&first), ERR_NONE);
}

static void break_it(void)
{
    struct backend_pass pass;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(enter(&pass), ERR_NONE);
        backend_leave(&backend, &pass, BREAKER_FAILED, "502");
    }
}

static void test_an_open_breaker_takes_nothing_and_says_why(void **state)
{
    (void)state;
    struct backend_pass pass;
    char why[BACKEND_WHY_SIZE];
    break_it();
    assert_true(backend_is_open(&backend, why));
    assert_non_null(strstr(why, "service is left alone until "));
    assert_ptr_equal(strstr(why, "service is"), why);
    assert_non_null(strstr(why, ": 502"));
    assert_false(backend_is_ready(&backend, why));
    assert_int_equal(backend_room(&backend), 0);
    assert_int_equal(enter(&pass), ERR_UNAVAILABLE);
    assert_int_equal(atomic_load(&backend.busy), 0);
    AUTO(json) json_t *report = json_pack("{s:b, s:s}", "ready", true, "why_not", "");
    backend_report_breaker(&backend, report);
    assert_string_equal(json_text_of(report, "breaker"), "open");
    assert_false(json_flag(report, "ready"));
    assert_non_null(strstr(json_text_of(report, "why_not"), "502"));
    assert_int_equal(strlen(json_text_of(report, "until")), 24);
    assert_null(json_object_get(report, "refused"));
}

static void test_a_refused_key_is_told_from_silence(void **state)
{
    (void)state;
    struct backend_pass pass;
    assert_int_equal(enter(&pass), ERR_NONE);
    backend_leave(&backend, &pass, BREAKER_REFUSED, "E2B: create: 401");
    AUTO(json) json_t *report = json_pack("{s:b}", "ready", true);
    backend_report_breaker(&backend, report);
    assert_string_equal(json_text_of(report, "breaker"), "open");
    assert_true(json_flag(report, "refused"));
}

static void await_half_open(void)
{
    char why[BACKEND_WHY_SIZE];
    int64_t begin_ms = clock_monotonic_ms();
    while (backend_is_open(&backend, why)) {
        usleep(5000);
        assert_true(clock_monotonic_ms() - begin_ms < HANG_MS);
    }
}

static void test_one_at_a_time_tries_it_again(void **state)
{
    (void)state;
    struct backend_pass first, second;
    break_it();
    await_half_open();
    assert_int_equal(backend_room(&backend), 1);
    assert_int_equal(enter(&first), ERR_NONE);
    assert_int_equal(enter(&second), ERR_UNAVAILABLE);
    backend_leave(&backend, &first, BREAKER_WORKED, "");
    assert_int_equal(backend_room(&backend), 2);
}

static void test_a_run_that_was_taken_up_holds_nobody_back(void **state)
{
    (void)state;
    struct backend_pass first, second;
    char why[BACKEND_WHY_SIZE];
    break_it();
    await_half_open();
    assert_int_equal(enter(&first), ERR_NONE);
    assert_int_equal(enter(&second), ERR_UNAVAILABLE);
    backend_works(&backend, &first);
    assert_int_equal(backend_room(&backend), 1);
    assert_int_equal(enter(&second), ERR_NONE);
    /* How both go on counts still, although what began well is no end. */
    backend_leave(&backend, &first, BREAKER_FAILED, "cut");
    assert_false(backend_is_open(&backend, why));
    backend_works(&backend, &second);
    backend_leave(&backend, &second, BREAKER_FAILED, "cut");
    assert_true(backend_is_open(&backend, why));
}

static void test_what_is_not_ready_takes_nothing(void **state)
{
    (void)state;
    struct error err = {0};
    char why[BACKEND_WHY_SIZE];
    assert_true(readiness_begin(sandbox.readiness, &err));
    readiness_await(sandbox.readiness, HANG_MS);
    assert_false(backend_is_ready(&backend, why));
    assert_string_equal(why, "no template");
    assert_true(backend_is_away(&backend, why));
    struct backend_pass pass = {0};
    int64_t retry_ms = -1;
    assert_false(backend_enter(&backend, &pass, &retry_ms, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_string_equal(err.text, "no template");
    assert_int_equal(atomic_load(&backend.busy), 0);
    assert_int_equal(backend_room(&backend), 0);
}

static void test_what_an_error_says_of_the_service(void **state)
{
    (void)state;
    static const struct {
        enum error_code code;
        enum breaker_verdict verdict;
    } cases[] = {
        {ERR_UNAVAILABLE, BREAKER_FAILED},  {ERR_TIMEOUT, BREAKER_FAILED},
        {ERR_LOST, BREAKER_FAILED},         {ERR_FORBIDDEN, BREAKER_REFUSED},
        {ERR_THROTTLED, BREAKER_NO_ANSWER}, {ERR_BAD_REQUEST, BREAKER_NO_ANSWER},
        {ERR_NOT_FOUND, BREAKER_NO_ANSWER}, {ERR_CONFLICT, BREAKER_NO_ANSWER},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(backend_verdict(&(struct error){.code = cases[i].code}), cases[i].verdict);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_more_jobs_than_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_open_breaker_takes_nothing_and_says_why, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_refused_key_is_told_from_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_at_a_time_tries_it_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_run_that_was_taken_up_holds_nobody_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_ready_takes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_an_error_says_of_the_service, setup, teardown),
    };
    return cmocka_run_group_tests_name("backend", tests, NULL, NULL);
}
