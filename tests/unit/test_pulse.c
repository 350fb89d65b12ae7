/* A wait that another thread can end. */
#include "tests/unit/cmocka_all.h"

#include <pthread.h>

#include "worker/pulse.h"

#define LONG_MS 60000 /* a test that waits this long hangs */

static void it_ends_by_itself(void **state)
{
    (void)state;
    struct pulse *pulse = pulse_new();
    pulse_wait(pulse, 1);
    pulse_wait(pulse, 0);
    pulse_free(pulse);
}

static void a_ring_that_came_first_is_not_lost(void **state)
{
    (void)state;
    struct pulse *pulse = pulse_new();
    pulse_ring(pulse);
    pulse_ring(pulse);
    pulse_wait(pulse, LONG_MS);
    pulse_wait(pulse, 1); /* both rings were one */
    pulse_free(pulse);
}

static void *wait_long(void *context)
{
    pulse_wait(context, LONG_MS);
    return NULL;
}

static void a_ring_wakes_the_one_who_waits(void **state)
{
    (void)state;
    struct pulse *pulse = pulse_new();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_long, pulse), 0);
    pulse_ring(pulse);
    pthread_join(thread, NULL);
    pulse_free(pulse);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_by_itself),
        cmocka_unit_test(a_ring_that_came_first_is_not_lost),
        cmocka_unit_test(a_ring_wakes_the_one_who_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
