/* Slots: who holds what, and how a stop or a renewal finds its sandbox. */
#include "tests/unit/cmocka_all.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "tests/unit/support/death.h"
#include "worker/slots.h"

#define GIVE_UP_MS 1000
#define KEEP_MS 1500

/* A backend that only counts what reaches it. */
struct counted {
    int cancelled;
    int kept;
    int64_t kept_ms;
};

static struct counted counted;

static void count_cancel(struct sandbox *sandbox)
{
    (void)sandbox;
    counted.cancelled++;
}

static void count_keep(struct sandbox *sandbox, int64_t lease_ms)
{
    (void)sandbox;
    counted.kept++;
    counted.kept_ms = lease_ms;
}

static bool no_threads;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*body)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*body)(void *), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*body)(void *), void *context)
{
    return no_threads ? EAGAIN : __real_pthread_create(thread, attributes, body, context);
}

static struct slots *freed_while_waiting; /* one slot of it, at the next wait */

int __real_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  const struct timespec *until);
int __wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
                                  const struct timespec *until)
{
    if (!freed_while_waiting)
        return __real_pthread_cond_timedwait(cond, mutex, until);
    pthread_mutex_unlock(mutex);
    slots_unreserve(freed_while_waiting, 1);
    freed_while_waiting = NULL;
    pthread_mutex_lock(mutex);
    return 0;
}

static const struct sandbox_backend backend = {.cancel = count_cancel, .keep_alive = count_keep};
static int anything;
#define SANDBOX ((struct sandbox *)&anything)

/* The slot's thread says that it runs, and waits until it may end. */
struct bench {
    struct slots *slots;
    sem_t runs;
    sem_t may_end;
    struct slot *slot;
};

static void run_until_told(void *context, struct slot *slot)
{
    struct bench *bench = context;
    bench->slot = slot;
    sem_post(&bench->runs);
    sem_wait(&bench->may_end);
}

static int setup(void **state)
{
    struct bench *bench = memory_new(1, sizeof *bench);
    const struct slot_times times = {GIVE_UP_MS, KEEP_MS};
    counted = (struct counted){0};
    sem_init(&bench->runs, 0, 0);
    sem_init(&bench->may_end, 0, 0);
    bench->slots = slots_new(2, times, run_until_told, bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    /* A test that failed has left its attempt running. */
    if (bench->slot)
        slot_detach(bench->slot);
    sem_post(&bench->may_end);
    slots_free(bench->slots);
    sem_destroy(&bench->runs);
    sem_destroy(&bench->may_end);
    free(bench);
    return 0;
}

static struct slot *begin(struct bench *bench, int64_t id, int64_t fence)
{
    struct attempt *attempt = memory_new(1, sizeof *attempt);
    attempt->id = id;
    attempt->fence = fence;
    assert_int_equal(slots_reserve(bench->slots, 1), 1);
    slots_take_attempt(bench->slots, attempt, clock_monotonic_ms());
    sem_wait(&bench->runs);
    return bench->slot;
}

static void end(struct bench *bench)
{
    size_t before = slots_free_count(bench->slots);
    sem_post(&bench->may_end);
    while (slots_free_count(bench->slots) == before)
        slots_wait_free(bench->slots, 1);
}

static void no_more_is_reserved_than_is_free(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(slots_reserve(bench->slots, 50), 2);
    assert_int_equal(slots_reserve(bench->slots, 50), 0);
    assert_false(slots_wait_free(bench->slots, 1));
    slots_unreserve(bench->slots, 2);
    assert_true(slots_wait_free(bench->slots, 60000));
    begin(bench, 1, 1);
    assert_int_equal(slots_free_count(bench->slots), 1);
    end(bench);
    assert_int_equal(slots_free_count(bench->slots), 2);
}

static void a_drain_ends_the_wait_for_a_slot(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(slots_reserve(bench->slots, 2), 2);
    slots_wake(bench->slots);
    assert_false(slots_wait_free(bench->slots, 60000));
    slots_unreserve(bench->slots, 2);
}

static void a_slot_that_comes_free_ends_the_wait(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(slots_reserve(bench->slots, 2), 2);
    freed_while_waiting = bench->slots;
    assert_true(slots_wait_free(bench->slots, 60000));
    assert_null(freed_while_waiting);
    slots_unreserve(bench->slots, 1);
}

static void only_the_same_id_and_fence_is_stopped(void **state)
{
    struct bench *bench = *state;
    struct slot *slot = begin(bench, 7, 3);
    slot_attach(slot, &backend, SANDBOX);
    slot_stop(slot, 7, 2, SLOT_STOP_CANCEL);
    slot_stop(slot, 8, 3, SLOT_STOP_CANCEL);
    assert_int_equal(slot_stopped(slot), SLOT_STOP_NONE);
    assert_int_equal(counted.cancelled, 0);
    slot_stop(slot, 7, 3, SLOT_STOP_CANCEL);
    slot_stop(slot, 7, 3, SLOT_STOP_CANCEL);
    assert_int_equal(slot_stopped(slot), SLOT_STOP_CANCEL);
    assert_int_equal(counted.cancelled, 1);
    slot_stop(slot, 7, 3, SLOT_STOP_LOST);
    slot_stop(slot, 7, 3, SLOT_STOP_CANCEL);
    assert_int_equal(slot_stopped(slot), SLOT_STOP_LOST);
    slot_detach(slot);
    slot_stop(slot, 7, 3, SLOT_STOP_LOST);
    assert_int_equal(counted.cancelled, 2);
    end(bench);
}

static void a_sandbox_that_comes_after_the_stop_is_cancelled(void **state)
{
    struct bench *bench = *state;
    struct slot *slot = begin(bench, 7, 3);
    slots_stop_all(bench->slots, SLOT_STOP_DRAIN);
    slot_attach(slot, &backend, SANDBOX);
    assert_int_equal(counted.cancelled, 1);
    assert_int_equal(counted.kept, 0);
    slot_detach(slot);
    end(bench);
}

static void a_renewal_keeps_the_sandbox_alive(void **state)
{
    struct bench *bench = *state;
    struct slot *slot = begin(bench, 7, 3);
    slot_attach(slot, &backend, SANDBOX);
    assert_int_equal(counted.kept, 1);
    slot_renew(slot, 7, 3, clock_monotonic_ms());
    assert_int_equal(counted.kept, 2);
    assert_in_range(counted.kept_ms, 1, KEEP_MS);
    slot_renew(slot, 7, 2, clock_monotonic_ms());
    /* Too old to say that anything is alive. */
    slot_renew(slot, 7, 3, clock_monotonic_ms() - KEEP_MS);
    assert_int_equal(counted.kept, 2);
    slot_stop(slot, 7, 3, SLOT_STOP_CANCEL);
    slot_renew(slot, 7, 3, clock_monotonic_ms());
    assert_int_equal(counted.kept, 2);
    slot_detach(slot);
    end(bench);
}

static void a_lease_that_is_not_renewed_costs_the_run(void **state)
{
    struct bench *bench = *state;
    struct slot *slot = begin(bench, 7, 3);
    int64_t sent_ms = clock_monotonic_ms() + 60000;
    slot_attach(slot, &backend, SANDBOX);
    slot_renew(slot, 7, 3, sent_ms);
    assert_int_equal(slots_expire(bench->slots, sent_ms + GIVE_UP_MS - 1), 0);
    assert_true(slot_lease_is_ours(slot));
    assert_int_equal(slots_expire(bench->slots, sent_ms + GIVE_UP_MS), 1);
    assert_int_equal(slots_expire(bench->slots, sent_ms + GIVE_UP_MS), 0);
    assert_int_equal(slot_stopped(slot), SLOT_STOP_LOST);
    assert_false(slot_lease_is_ours(slot));
    assert_int_equal(counted.cancelled, 1);
    slot_detach(slot);
    end(bench);
}

static void a_slot_forgets_the_stop_of_its_last_attempt(void **state)
{
    struct bench *bench = *state;
    struct slot *slot = begin(bench, 7, 3);
    slot_stop(slot, 7, 3, SLOT_STOP_LOST);
    end(bench);
    slot = begin(bench, 9, 1);
    assert_int_equal(slot_attempt(slot)->id, 9);
    assert_int_equal(slot_stopped(slot), SLOT_STOP_NONE);
    assert_true(slot_lease_is_ours(slot));
    end(bench);
}

static void a_free_slot_is_stopped_by_nobody(void **state)
{
    struct bench *bench = *state;
    struct slot *slot = begin(bench, 7, 3);
    end(bench);
    slot_stop(slot, 7, 3, SLOT_STOP_CANCEL);
    slot_renew(slot, 7, 3, clock_monotonic_ms());
    assert_int_equal(slot_stopped(slot), SLOT_STOP_NONE);
    assert_int_equal(counted.kept, 0);
    slots_free(NULL);
}

/* A service of its own time has nothing to be kept alive by. */
static void a_backend_without_a_deadline_is_not_asked_to_keep_one(void **state)
{
    static const struct sandbox_backend plain = {.cancel = count_cancel};
    struct bench *bench = *state;
    struct slot *slot = begin(bench, 7, 3);
    slot_renew(slot, 7, 3, clock_monotonic_ms()); /* before there is a sandbox */
    slot_attach(slot, &plain, SANDBOX);
    slot_renew(slot, 7, 3, clock_monotonic_ms());
    assert_int_equal(counted.kept, 0);
    assert_true(slot_lease_is_ours(slot));
    slot_renew(slot, 7, 3, clock_monotonic_ms() - GIVE_UP_MS);
    assert_false(slot_lease_is_ours(slot));
    slot_detach(slot);
    end(bench);
}

static void leave_a_sandbox(void *context, struct slot *slot)
{
    (void)context;
    slot_attach(slot, &backend, SANDBOX);
}

static void end_with_a_sandbox(void *context)
{
    const struct slot_times times = {GIVE_UP_MS, KEEP_MS};
    struct slots *slots = slots_new(1, times, leave_a_sandbox, context);
    slots_reserve(slots, 1);
    slots_take_attempt(slots, memory_new(1, sizeof(struct attempt)), clock_monotonic_ms());
    slots_free(slots);
}

static struct slots *two_free(void)
{
    return slots_new(2, (struct slot_times){GIVE_UP_MS, KEEP_MS}, run_until_told, NULL);
}

static void unreserve_too_many(void *context)
{
    (void)context;
    slots_unreserve(two_free(), 1);
}

static void take_unreserved(void *context)
{
    (void)context;
    slots_take_attempt(two_free(), memory_new(1, sizeof(struct attempt)), 0);
}

static void open_more(void *context)
{
    (void)context;
    no_threads = true;
    two_free();
}

/* Two runs in one slot, or a sandbox that nobody destroys, are worse than no worker. */
static void what_only_a_bug_can_cause_ends_the_worker(void **state)
{
    (void)state;
    assert_true(death_of(end_with_a_sandbox, NULL));
    assert_true(death_of(unreserve_too_many, NULL));
    assert_true(death_of(take_unreserved, NULL));
    assert_true(death_of(open_more, NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_only_a_bug_can_cause_ends_the_worker), /* before any thread */
        TEST(no_more_is_reserved_than_is_free),
        TEST(a_free_slot_is_stopped_by_nobody),
        TEST(a_backend_without_a_deadline_is_not_asked_to_keep_one),
        TEST(a_drain_ends_the_wait_for_a_slot),
        TEST(a_slot_that_comes_free_ends_the_wait),
        TEST(only_the_same_id_and_fence_is_stopped),
        TEST(a_sandbox_that_comes_after_the_stop_is_cancelled),
        TEST(a_renewal_keeps_the_sandbox_alive),
        TEST(a_lease_that_is_not_renewed_costs_the_run),
        TEST(a_slot_forgets_the_stop_of_its_last_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
