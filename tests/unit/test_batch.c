#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/io/batch.h"
#include "tests/unit/services.h"

#define CALLERS 32
#define CALLS 40

/* Doubles `value`; refuses negative ones; breaks the whole statement at 13 by an
 * error, at 19 as a deadlock does; leaves out 17; tells the size of the batch and its transaction.
 */
static const struct statement twice = {
    "twice",
    "select (e.ordinality - 1)::int, case when (e.value->>'value')::int < 0"
    " then jsonb_build_object('error', jsonb_build_object('code', 'invalid_field',"
    " 'message', 'too small', 'field', 'value'))"
    " else jsonb_build_object('twice', 2 * (e.value->>'value')::int,"
    " 'broken', case when (e.value->>'value')::int = 13 then 1 / ((e.value->>'value')::int - 13) "
    "when (e.value->>'value')::int = 19 then public.test_deadlock() "
    "else 0 end,"
    " 'size', jsonb_array_length($1::jsonb), 'slow', pg_sleep(0.001)::text) end"
    " from jsonb_array_elements($1::jsonb) with ordinality e"
    " where (e.value->>'value')::int <> 17",
    "test_batch.c",
    16,
    1,
    false};

static struct db_pool *pool;
static struct batch *batch;

static int open_batch(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct error err = {0};
    if (!db_open(TEST_DATABASE, "test_batch", &db, &err) ||
        !db_run_script(db,
                       "create or replace function public.test_deadlock() returns int "
                       "language plpgsql as 'begin raise sqlstate ''40P01''; end'",
                       &err))
        fail_msg("%s", err.text);
    db_close(db);
    pool = db_pool_new(TEST_DATABASE, "test_batch", 4);
    batch = batch_new(pool, &twice);
    return 0;
}

static int close_batch(void **state)
{
    (void)state;
    batch_free(batch);
    db_pool_free(pool);
    return 0;
}

/* The answer for one value, or its error. */
static enum error_code call(int value, int64_t *ret_twice, int64_t *ret_size, struct error *err)
{
    AUTO(json) json_t *item = json_pack("{s:i}", "value", value);
    AUTO(json) json_t *result = NULL;
    if (!batch_call(batch, item, &result, err))
        return err->code;
    *ret_twice = json_integer_of(result, "twice", -1);
    *ret_size = json_integer_of(result, "size", -1);
    return ERR_NONE;
}

static void test_one_caller_is_a_batch_of_one(void **state)
{
    (void)state;
    struct error err = {0};
    int64_t answer = 0, size = 0;
    assert_int_equal(call(21, &answer, &size, &err), ERR_NONE);
    assert_int_equal(answer, 42);
    assert_int_equal(size, 1);
}

static void test_errors_of_an_element_reach_its_caller(void **state)
{
    (void)state;
    struct error err = {0};
    int64_t answer, size;
    assert_int_equal(call(-1, &answer, &size, &err), ERR_INVALID_FIELD);
    assert_string_equal(err.field, "value");
    assert_string_equal(err.text, "too small");
    assert_int_equal(call(13, &answer, &size, &err), ERR_INTERNAL);
    assert_int_equal(call(17, &answer, &size, &err), ERR_INTERNAL);
}

/* 60 elements of one caller: one commit of 50 and one of 10, each with its own answer. */
static void test_elements_of_one_caller_share_a_commit(void **state)
{
    (void)state;
    struct batch_element elements[60] = {{0}};
    int64_t sizes[2] = {0};
    for (int i = 0; i < 60; i++)
        elements[i].item = json_pack("{s:i}", "value", i == 20 ? -1 : 100 + i);
    batch_call_all(batch, elements, COUNT_OF(elements));
    for (int i = 0; i < 60; i++) {
        if (i == 20) {
            assert_null(elements[i].result);
            assert_int_equal(elements[i].err.code, ERR_INVALID_FIELD);
        } else {
            assert_int_equal(json_integer_of(elements[i].result, "twice", -1), 2 * (100 + i));
            sizes[i >= 50] = json_integer_of(elements[i].result, "size", -1);
        }
        json_decref(elements[i].result);
        json_decref((json_t *)elements[i].item);
    }
    assert_int_equal(sizes[0], 50);
    assert_int_equal(sizes[1], 10);
    batch_call_all(batch, NULL, 0);
}

static atomic_int wrong, shared;
static pthread_barrier_t together;

static void *call_many(void *context)
{
    int first = *(int *)context;
    pthread_barrier_wait(&together);
    for (int i = 0; i < CALLS; i++) {
        int value = first + i;
        struct error err = {0};
        int64_t answer = 0, size = 0;
        enum error_code code = call(value, &answer, &size, &err);
        bool bad = value == 13 || value == 17 || value == 19;
        if ((bad && code != (value == 19 ? ERR_BUSY : ERR_INTERNAL)) ||
            (!bad && (code != ERR_NONE || answer != 2 * value)))
            atomic_fetch_add(&wrong, 1);
        if (size > 1)
            atomic_fetch_add(&shared, 1);
    }
    return NULL;
}

/* Everybody gets their own answer, commits are shared, and the element that
 * breaks the statement fails alone. */
static void test_many_callers_share_commits(void **state)
{
    (void)state;
    pthread_t threads[CALLERS];
    int first[CALLERS];
    pthread_barrier_init(&together, NULL, CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        first[i] = i * CALLS;
        pthread_create(&threads[i], NULL, call_many, &first[i]);
    }
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    assert_int_equal(wrong, 0);
    assert_true(shared > CALLERS);
}

static void test_everybody_learns_that_the_database_is_away(void **state)
{
    (void)state;
    struct db_pool *away = db_pool_new("host=/nowhere/at/all dbname=x", "test_batch", 1);
    struct batch *lost = batch_new(away, &twice);
    AUTO(json) json_t *item = json_pack("{s:i}", "value", 1);
    AUTO(json) json_t *result = NULL;
    struct error err = {0};
    assert_false(batch_call(lost, item, &result, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    batch_free(lost);
    db_pool_free(away);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_caller_is_a_batch_of_one),
        cmocka_unit_test(test_errors_of_an_element_reach_its_caller),
        cmocka_unit_test(test_elements_of_one_caller_share_a_commit),
        cmocka_unit_test(test_many_callers_share_commits),
        cmocka_unit_test(test_everybody_learns_that_the_database_is_away),
    };
    return cmocka_run_group_tests_name("batch", tests, open_batch, close_batch);
}
