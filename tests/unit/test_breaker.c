/* The breaker, as two workers see it over a real Redis, and one without. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/domain/breaker.h"
#include "common/io/redis_keys.h"
#include "tests/unit/services.h"

#define RECOVERY_MS 300
#define OWN_RECOVERY_MS 3000 /* nobody but the clock ends it: it must not end between two lines */
#define LONG_MS 60000
#define HANG_MS 20000

static char prefix[32]; /* another for each test, so that they do not meet */
static struct breaker *a, *b;

static struct breaker *new_breaker(const char *url, int64_t recovery_ms)
{
    const struct breaker_options options = {
        .redis_url = url,
        .prefix = prefix,
        .name = "service",
        .failures = 3,
        .recovery_ms = recovery_ms,
        .permits = 2,
    };
    return breaker_new(&options);
}

static void open_both(const char *url, int64_t recovery_ms)
{
    static int number;
    struct error err = {0};
    assert_true(crypto_init(&err));
    snprintf(prefix, sizeof prefix, "b%d-%d:", (int)getpid(), number++);
    a = new_breaker(url, recovery_ms);
    b = new_breaker(url, recovery_ms);
}

static int close_both(void **state)
{
    (void)state;
    breaker_free(a);
    breaker_free(b);
    return 0;
}

static void await_kind(struct breaker *breaker, enum breaker_kind kind)
{
    struct breaker_state state;
    int64_t begin_ms = clock_monotonic_ms();
    do {
        breaker_look(breaker, &state);
        if (state.kind != kind)
            usleep(5000);
        assert_true(clock_monotonic_ms() - begin_ms < HANG_MS);
    } while (state.kind != kind);
}

static bool use(struct breaker *breaker, enum breaker_verdict verdict)
{
    struct breaker_permit permit;
    int64_t retry_ms = -1;
    if (!breaker_permit(breaker, &permit, &retry_ms))
        return false;
    breaker_report(breaker, &permit, verdict, "it hangs");
    return true;
}

static void test_failures_of_two_workers_open_it_for_both(void **state)
{
    (void)state;
    struct breaker_permit permit;
    struct breaker_state seen;
    int64_t retry_ms = 0;
    open_both(TEST_REDIS, LONG_MS);
    assert_true(use(a, BREAKER_FAILED));
    assert_true(use(b, BREAKER_FAILED));
    breaker_look(a, &seen);
    assert_int_equal(seen.kind, BREAKER_CLOSED);
    assert_true(use(a, BREAKER_FAILED));
    await_kind(a, BREAKER_OPEN);
    await_kind(b, BREAKER_OPEN);
    breaker_look(b, &seen);
    assert_string_equal(seen.reason, "it hangs");
    assert_false(seen.refused);
    assert_true(seen.until_ms > clock_wall_ms());
    assert_true(seen.until_ms <= clock_wall_ms() + LONG_MS);
    assert_false(breaker_permit(b, &permit, &retry_ms));
    assert_true(retry_ms > 0 && retry_ms <= LONG_MS);
}

static void test_only_failures_in_a_row_count(void **state)
{
    (void)state;
    open_both(TEST_REDIS, LONG_MS);
    for (int i = 0; i < 5; i++) {
        assert_true(use(a, BREAKER_FAILED));
        assert_true(use(a, BREAKER_FAILED));
        assert_true(use(b, BREAKER_WORKED));
    }
    for (int i = 0; i < 20; i++)
        assert_true(use(a, BREAKER_NO_ANSWER)); /* what users do wrong */
    assert_true(use(a, BREAKER_FAILED));
    assert_true(use(b, BREAKER_FAILED));
    assert_true(use(a, BREAKER_FAILED));
    await_kind(b, BREAKER_OPEN);
}

static void test_a_refused_key_is_told_to_both(void **state)
{
    (void)state;
    struct breaker_state seen;
    open_both(TEST_REDIS, LONG_MS);
    assert_true(use(a, BREAKER_REFUSED));
    await_kind(b, BREAKER_OPEN);
    breaker_look(b, &seen);
    assert_true(seen.refused);
    assert_string_equal(seen.reason, "it hangs");
}

static void write_value(const char *name, const char *value)
{
    struct error err = {0};
    bool set = false;
    struct redis *redis = redis_new(TEST_REDIS, prefix, 1000);
    const struct redis_value wanted = {name, value, LONG_MS, false};
    assert_true(redis_value_set(redis, &wanted, &set, &err) && set);
    redis_free(redis);
}

/* It goes into JSON, where half a character would lose all of it. */
static void test_a_long_reason_is_cut_between_characters(void **state)
{
    (void)state;
    struct breaker_permit permit;
    struct breaker_state seen;
    int64_t retry_ms;
    char why[200] = "x";
    for (size_t i = 1; i + 2 < sizeof why; i += 2)
        memcpy(why + i, "\xc3\xa4", 3);
    open_both(TEST_REDIS, LONG_MS);
    assert_true(breaker_permit(a, &permit, &retry_ms));
    breaker_report(a, &permit, BREAKER_REFUSED, why);
    await_kind(b, BREAKER_OPEN);
    breaker_look(b, &seen);
    assert_int_equal(strlen(seen.reason), 119);
    assert_memory_equal(seen.reason, why, 119);
    breaker_look(a, &seen);
    assert_int_equal(strlen(seen.reason), 119);
}

static void test_what_others_write_into_redis_is_mended(void **state)
{
    (void)state;
    struct breaker_state seen;
    open_both(TEST_REDIS, LONG_MS);
    write_value("breaker:service:open", "9223372036854775807 a\xff\x1b[2J\xc3\xa4");
    await_kind(a, BREAKER_OPEN);
    breaker_look(a, &seen);
    assert_string_equal(seen.reason, "a??[2J\xc3\xa4");
    assert_true(seen.until_ms <= clock_wall_ms() + LONG_MS);
}

/* As if the time of a key had passed. */
static void pass_time_of(const char *name)
{
    struct error err = {0};
    struct redis *redis = redis_new(TEST_REDIS, prefix, 1000);
    assert_true(redis_values_drop(redis, &name, 1, &err));
    redis_free(redis);
}

static void test_permits_are_counted_across_workers(void **state)
{
    (void)state;
    struct breaker_permit first, second, third;
    int64_t retry_ms = 0;
    open_both(TEST_REDIS, LONG_MS);
    assert_true(use(a, BREAKER_REFUSED));
    await_kind(b, BREAKER_OPEN);
    pass_time_of("breaker:service:open");
    await_kind(a, BREAKER_HALF_OPEN);
    await_kind(b, BREAKER_HALF_OPEN);
    assert_true(breaker_permit(a, &first, &retry_ms));
    assert_true(breaker_permit(b, &second, &retry_ms));
    assert_false(breaker_permit(a, &third, &retry_ms));
    assert_false(breaker_permit(b, &third, &retry_ms));
    assert_true(retry_ms > 0);
    breaker_report(b, &second, BREAKER_NO_ANSWER, "cancelled");
    assert_true(breaker_permit(a, &third, &retry_ms));
    breaker_report(a, &third, BREAKER_WORKED, "");
    await_kind(a, BREAKER_CLOSED);
    await_kind(b, BREAKER_CLOSED);
    /* The other probe began before, and fails late: one failure, not a break. */
    breaker_report(a, &first, BREAKER_FAILED, "late");
    assert_true(use(b, BREAKER_FAILED));
    struct breaker_state seen;
    breaker_look(b, &seen);
    assert_int_equal(seen.kind, BREAKER_CLOSED);
    assert_int_equal(seen.failures, 2);
}

static void test_who_comes_late_takes_no_other_permit(void **state)
{
    (void)state;
    struct breaker_permit late, other, third;
    int64_t retry_ms = 0;
    open_both(TEST_REDIS, LONG_MS);
    assert_true(use(a, BREAKER_REFUSED));
    pass_time_of("breaker:service:open");
    await_kind(a, BREAKER_HALF_OPEN);
    await_kind(b, BREAKER_HALF_OPEN);
    assert_true(breaker_permit(a, &late, &retry_ms));
    pass_time_of("breaker:service:probe:0");
    assert_true(breaker_permit(a, &other, &retry_ms));
    assert_int_equal(other.probe, late.probe);
    assert_true(breaker_permit(b, &third, &retry_ms));
    breaker_report(a, &late, BREAKER_NO_ANSWER, "cancelled");
    assert_false(breaker_permit(b, &third, &retry_ms));
    assert_false(breaker_permit(a, &third, &retry_ms));
}

static void test_what_was_taken_up_closes_it_at_once(void **state)
{
    (void)state;
    struct breaker_permit permit, other;
    struct breaker_state seen;
    int64_t retry_ms = 0;
    open_both(TEST_REDIS, LONG_MS);
    assert_true(use(a, BREAKER_REFUSED));
    pass_time_of("breaker:service:open");
    await_kind(a, BREAKER_HALF_OPEN);
    assert_true(breaker_permit(a, &permit, &retry_ms));
    breaker_works(a, &permit);
    await_kind(b, BREAKER_CLOSED);
    /* What comes to no good end counts, however well it began. */
    for (int i = 0; i < 3; i++) {
        assert_true(breaker_permit(b, &other, &retry_ms));
        breaker_works(b, &other);
        breaker_report(b, &other, BREAKER_FAILED, "cut");
    }
    breaker_look(b, &seen);
    assert_int_equal(seen.kind, BREAKER_OPEN);
    breaker_report(a, &permit, BREAKER_WORKED, "");
    await_kind(a, BREAKER_OPEN);
}

static void test_a_probe_that_fails_opens_it_again(void **state)
{
    (void)state;
    open_both(TEST_REDIS, LONG_MS);
    for (int i = 0; i < 3; i++)
        assert_true(use(a, BREAKER_FAILED));
    await_kind(b, BREAKER_OPEN);
    pass_time_of("breaker:service:open");
    await_kind(b, BREAKER_HALF_OPEN);
    assert_true(use(b, BREAKER_FAILED));
    await_kind(b, BREAKER_OPEN);
    pass_time_of("breaker:service:open");
    await_kind(a, BREAKER_HALF_OPEN);
    assert_true(use(a, BREAKER_WORKED));
    await_kind(b, BREAKER_CLOSED);
}

static void test_a_permit_whose_holder_died_comes_back(void **state)
{
    (void)state;
    struct breaker_permit permit;
    int64_t retry_ms = 0;
    open_both(TEST_REDIS, RECOVERY_MS);
    assert_true(use(a, BREAKER_REFUSED));
    await_kind(a, BREAKER_HALF_OPEN);
    await_kind(b, BREAKER_HALF_OPEN);
    assert_true(breaker_permit(a, &permit, &retry_ms));
    assert_true(breaker_permit(a, &permit, &retry_ms));
    int64_t begin_ms = clock_monotonic_ms();
    while (!breaker_permit(b, &permit, &retry_ms)) {
        usleep(5000);
        assert_true(clock_monotonic_ms() - begin_ms < HANG_MS);
    }
    breaker_report(b, &permit, BREAKER_WORKED, "");
    await_kind(b, BREAKER_CLOSED);
}

static void test_without_redis_each_worker_has_its_own(void **state)
{
    (void)state;
    struct breaker_permit first, second, third;
    int64_t retry_ms = 0;
    open_both("unix:///nowhere/at/all", OWN_RECOVERY_MS);
    for (int i = 0; i < 3; i++)
        assert_true(use(a, BREAKER_FAILED));
    assert_false(use(a, BREAKER_WORKED));
    assert_true(use(b, BREAKER_WORKED));
    await_kind(a, BREAKER_HALF_OPEN);
    assert_true(breaker_permit(a, &first, &retry_ms));
    assert_true(breaker_permit(a, &second, &retry_ms));
    assert_false(breaker_permit(a, &third, &retry_ms));
    breaker_report(a, &second, BREAKER_WORKED, "");
    await_kind(a, BREAKER_CLOSED);
    breaker_report(a, &first, BREAKER_FAILED, "late");
    assert_true(use(a, BREAKER_WORKED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_failures_of_two_workers_open_it_for_both, close_both),
        cmocka_unit_test_teardown(test_only_failures_in_a_row_count, close_both),
        cmocka_unit_test_teardown(test_a_refused_key_is_told_to_both, close_both),
        cmocka_unit_test_teardown(test_a_long_reason_is_cut_between_characters, close_both),
        cmocka_unit_test_teardown(test_what_others_write_into_redis_is_mended, close_both),
        cmocka_unit_test_teardown(test_permits_are_counted_across_workers, close_both),
        cmocka_unit_test_teardown(test_who_comes_late_takes_no_other_permit, close_both),
        cmocka_unit_test_teardown(test_what_was_taken_up_closes_it_at_once, close_both),
        cmocka_unit_test_teardown(test_a_probe_that_fails_opens_it_again, close_both),
        cmocka_unit_test_teardown(test_a_permit_whose_holder_died_comes_back, close_both),
        cmocka_unit_test_teardown(test_without_redis_each_worker_has_its_own, close_both),
    };
    return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
