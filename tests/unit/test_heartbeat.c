/* The heartbeat against a database that says what a test wrote down. */
#include "tests/unit/cmocka_all.h"

#include <semaphore.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/unit/support/script.h"
#include "worker/heartbeat.h"

#define GIVE_UP_MS 60000
#define WAITS_MOST 50 /* then something that should have ended the test did not */
#define HELLO "select '{\"worker_id\": 5, \"instance\": \"abc\"}'::text"
#define NOTHING "select null::text"
#define DURABLE "select name from pg_settings where false"

static struct settings settings;
static struct worker worker;
static sem_t runs, may_end;
static struct slot *slots_seen[2];
static bool statements_fit, connections_busy, idle_after_a_wait;
static int waits, waits_drained;
static int64_t reports_until_change; /* then the backends say something else */

bool __wrap_db_check_statements(struct db *db, const struct statement *const *table,
                                struct error *err);
bool __wrap_db_check_statements(struct db *db, const struct statement *const *table,
                                struct error *err)
{
    (void)db;
    for (; *table; table++)
        assert_string_equal((*table)->file, "sql/queries/worker.sql");
    return statements_fit || fail(err, ERR_INTERNAL, "no such column");
}

bool __real_db_pool_take(struct db_pool *pool, struct db **ret_db, struct error *err);
bool __wrap_db_pool_take(struct db_pool *pool, struct db **ret_db, struct error *err);
bool __wrap_db_pool_take(struct db_pool *pool, struct db **ret_db, struct error *err)
{
    if (!connections_busy)
        return __real_db_pool_take(pool, ret_db, err);
    connections_busy = false;
    pulse_ring(worker.heartbeat_now);
    return fail(err, ERR_UNAVAILABLE, "all are busy");
}

json_t *__wrap_backends_report(const struct backends *backends);
json_t *__wrap_backends_report(const struct backends *backends)
{
    (void)backends;
    return json_pack("{s:b}", "changed", reports_until_change-- <= 0);
}

void __real_pulse_wait(struct pulse *pulse, int64_t wait_ms);
void __wrap_pulse_wait(struct pulse *pulse, int64_t wait_ms);
void __wrap_pulse_wait(struct pulse *pulse, int64_t wait_ms)
{
    __real_pulse_wait(pulse, wait_ms);
    waits_drained += idle_after_a_wait && atomic_load(&worker.draining);
    if (waits_drained == 2 || ++waits == WAITS_MOST)
        atomic_store(&worker.idle, true);
}

static void run_until_told(void *context, struct slot *slot)
{
    (void)context;
    slots_seen[slot_number(slot)] = slot;
    sem_post(&runs);
    sem_wait(&may_end);
}

static int setup(void **state)
{
    const struct slot_times times = {GIVE_UP_MS, GIVE_UP_MS};
    struct error err = {0};
    (void)state;
    script_forget();
    slots_seen[0] = slots_seen[1] = NULL;
    statements_fit = true;
    connections_busy = idle_after_a_wait = false;
    waits = waits_drained = 0;
    reports_until_change = INT64_MAX;
    settings = (struct settings){.worker_name = "w",
                                 .worker_slots = 2,
                                 .lease_ms = 60000,
                                 .heartbeat_ms = 1,
                                 .local_off = 1};
    settings.e2b_api_key.value = settings.daytona_api_key.value = "";
    worker = (struct worker){.settings = &settings};
    sem_init(&runs, 0, 0);
    sem_init(&may_end, 0, 0);
    worker.keeper_pool = db_pool_new("", "test_heartbeat", 1);
    worker.heartbeat_now = pulse_new();
    worker.dispatch_now = pulse_new();
    worker.sweep_now = pulse_new();
    worker.janitor_now = pulse_new();
    worker.slots = slots_new(2, times, run_until_told, NULL);
    return backends_open(&settings, NULL, &worker.backends, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    sem_post(&may_end);
    sem_post(&may_end);
    slots_free(worker.slots);
    backends_free(worker.backends);
    db_pool_free(worker.keeper_pool);
    pulse_free(worker.heartbeat_now);
    pulse_free(worker.dispatch_now);
    pulse_free(worker.sweep_now);
    pulse_free(worker.janitor_now);
    sem_destroy(&runs);
    sem_destroy(&may_end);
    return 0;
}

static void begin(int64_t id, int64_t fence)
{
    struct attempt *attempt = memory_new(1, sizeof *attempt);
    attempt->id = id;
    attempt->fence = fence;
    assert_int_equal(slots_reserve(worker.slots, 1), 1);
    slots_take_attempt(worker.slots, attempt, clock_monotonic_ms());
    sem_wait(&runs);
}

static void become_idle(void *context)
{
    (void)context;
    atomic_store(&worker.idle, true);
}

static void ring(void *context)
{
    (void)context;
    pulse_ring(worker.heartbeat_now);
}

static void drain(void *context)
{
    atomic_store(&worker.draining, true);
    ring(context);
}

static void script_start(void)
{
    script_answer("undurable", DURABLE);
    script_answer("worker_hello", HELLO);
}

/* By id wherever it stands, and by nothing else. */
static void each_slot_gets_its_own_answer(void **state)
{
    (void)state;
    begin(7, 3);
    begin(8, 1);
    script_start();
    script_answer("heartbeat",
                  "select '{\"attempts\": [{\"id\": 8, \"ok\": true, \"cancel\": true},"
                  " {\"id\": 7, \"ok\": true}]}'::text");
    script_answer("heartbeat", "select '{\"attempts\": [{\"id\": 9, \"ok\": true},"
                               " {\"id\": 8, \"ok\": false}]}'::text");
    script_then(become_idle, NULL);
    heartbeat_run(&worker);
    assert_int_equal(atomic_load(&worker.id), 5);
    assert_string_equal(worker.instance, "abc");
    assert_int_equal(script_calls("heartbeat"), 2);
    for (size_t i = 0; i < COUNT_OF(slots_seen); i++)
        assert_int_equal(slot_stopped(slots_seen[i]), SLOT_STOP_LOST);
}

static void a_cancel_reaches_its_slot_and_no_other(void **state)
{
    (void)state;
    begin(7, 3);
    begin(8, 1);
    script_start();
    script_answer("heartbeat",
                  "select '{\"attempts\": [{\"id\": 8, \"ok\": true, \"cancel\": true},"
                  " {\"id\": 7, \"ok\": true}]}'::text");
    script_then(become_idle, NULL);
    heartbeat_run(&worker);
    for (size_t i = 0; i < COUNT_OF(slots_seen); i++)
        assert_int_equal(slot_stopped(slots_seen[i]),
                         slot_attempt(slots_seen[i])->id == 8 ? SLOT_STOP_CANCEL : SLOT_STOP_NONE);
}

/* What fails says nothing about any lease. */
static void a_beat_that_fails_stops_nothing_and_comes_again(void **state)
{
    (void)state;
    begin(7, 3);
    script_start();
    script_fail("heartbeat", ERR_UNAVAILABLE);
    script_fail("heartbeat", ERR_LOST);
    script_answer("heartbeat", "select '{\"attempts\": [{\"id\": 7, \"ok\": true}]}'::text");
    script_answer("heartbeat", "select '{\"attempts\": [{\"id\": 7, \"ok\": true}]}'::text");
    script_then(become_idle, NULL);
    heartbeat_run(&worker);
    assert_int_equal(script_calls("heartbeat"), 4);
    for (size_t i = 0; i < COUNT_OF(slots_seen); i++)
        if (slots_seen[i])
            assert_int_equal(slot_stopped(slots_seen[i]), SLOT_STOP_NONE);
}

static void a_start_waits_for_a_database_that_is_away(void **state)
{
    (void)state;
    connections_busy = true;
    script_fail("undurable", ERR_UNAVAILABLE);
    script_then(ring, NULL);
    script_answer("undurable", DURABLE);
    script_fail("worker_hello", ERR_BUSY);
    script_then(ring, NULL);
    script_answer("worker_hello", HELLO);
    script_answer("heartbeat", "select '{\"attempts\": []}'::text");
    script_then(become_idle, NULL);
    heartbeat_run(&worker);
    assert_int_equal(script_calls("worker_hello"), 2);
    assert_int_equal(script_calls("heartbeat"), 1);
    assert_false(atomic_load(&worker.broken));
}

static void a_database_that_does_not_fit_stops_the_worker(void **state)
{
    (void)state;
    statements_fit = false;
    heartbeat_run(&worker);
    assert_true(atomic_load(&worker.broken));
    assert_int_equal(atomic_load(&worker.id), 0);
}

/* Also when it was only away at first. */
static void a_database_that_may_forget_stops_the_worker(void **state)
{
    (void)state;
    script_fail("undurable", ERR_UNAVAILABLE);
    script_then(ring, NULL);
    script_answer("undurable", "select 'fsync'::text");
    heartbeat_run(&worker);
    assert_true(atomic_load(&worker.broken));
    assert_int_equal(atomic_load(&worker.id), 0);
}

static void a_drain_ends_a_start_that_never_came(void **state)
{
    (void)state;
    script_fail("undurable", ERR_UNAVAILABLE);
    script_then(drain, NULL);
    idle_after_a_wait = true;
    heartbeat_run(&worker);
    assert_int_equal(atomic_load(&worker.id), 0);
    assert_int_equal(script_calls("undurable"), 1);
}

/* Until our row has it. */
static void what_the_backends_say_anew_is_reported(void **state)
{
    (void)state;
    script_start();
    reports_until_change = 2;
    script_answer("heartbeat", "select '{\"attempts\": []}'::text");
    script_fail("worker_report", ERR_UNAVAILABLE);
    script_answer("worker_report", NOTHING);
    script_then(become_idle, NULL);
    heartbeat_run(&worker);
    assert_int_equal(script_calls("worker_report"), 2);
    assert_int_equal(script_calls("worker_hello"), 1);
    assert_int_equal(script_calls("heartbeat"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_slot_gets_its_own_answer),
        TEST(a_cancel_reaches_its_slot_and_no_other),
        TEST(a_beat_that_fails_stops_nothing_and_comes_again),
        TEST(a_start_waits_for_a_database_that_is_away),
        TEST(a_database_that_does_not_fit_stops_the_worker),
        TEST(a_database_that_may_forget_stops_the_worker),
        TEST(what_the_backends_say_anew_is_reported),
        TEST(a_drain_ends_a_start_that_never_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
