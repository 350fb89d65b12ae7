#include <dlfcn.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/io/db.h"
#include "tests/unit/services.h"

#define STATEMENT(variable, sql, params, form)                                                     \
    static const struct statement variable = {#variable, sql, "test_db.c", __LINE__, params, form}

STATEMENT(echo, "select $1::bigint, $2::text, $3::bytea, $4::boolean, null::text", 4, ROWS_TEXT);
STATEMENT(echo_binary, "select $1::bigint, $2::int, $3::bytea, $4::boolean, 'x'::text", 4,
          ROWS_BINARY);
STATEMENT(refused, "select cs.fail('stale', 'changed meanwhile', 'revision')", 0, ROWS_TEXT);
STATEMENT(no_table, "select * from no_such_table", 0, ROWS_TEXT);
STATEMENT(end_myself, "select pg_terminate_backend(pg_backend_pid())", 0, ROWS_TEXT);
STATEMENT(slow, "select pg_sleep(5)", 0, ROWS_TEXT);
STATEMENT(one, "select 1", 0, ROWS_TEXT);
STATEMENT(server_process, "select pg_backend_pid()", 0, ROWS_TEXT);

#define MANY                                                                                       \
    "select $1::int8, $2::int2, n::int4, $3::text, '\\x00ff00'::bytea, null::text, true, "         \
    "'-infinity'::timestamptz, '{\"a\": [1]}'::jsonb, '7'::xid8, ''::text, false "                 \
    "from generate_series(1, 3) n"
STATEMENT(many_copied, MANY, 3, ROWS_COPIED);
STATEMENT(many_binary, MANY, 3, ROWS_BINARY);
STATEMENT(none_copied, "select n, '$'::text from generate_series(1, 0) n", 0, ROWS_COPIED);
STATEMENT(breaks_copied, "select 1 / (50000 - n) from generate_series(1, 100000) n", 0,
          ROWS_COPIED);
STATEMENT(end_copied,
          "select n, case when n = 50000 then pg_terminate_backend(pg_backend_pid()) end"
          " from generate_series(1, 100000) n",
          0, ROWS_COPIED);
STATEMENT(slow_copied,
          "select n, pg_sleep(case when n = 50000 then 5 end)"
          " from generate_series(1, 100000) n",
          0, ROWS_COPIED);

static bool loses_answer; /* the next one, once */

/* In front of libpq's: gives what libpq makes up where it has no memory for an answer. */
PGresult *PQgetResult(PGconn *conn)
{
    PGresult *(*real)(PGconn *) = (__typeof__(real))dlsym(RTLD_NEXT, "PQgetResult");
    PGresult *result = real(conn);
    if (!result || !loses_answer)
        return result;
    loses_answer = false;
    PQclear(result);
    return PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
}

static struct db *open_database(void)
{
    struct db *db = NULL;
    struct error err = {0};
    if (!db_open(TEST_DATABASE, "test_db", &db, &err))
        fail_msg("%s", err.text);
    return db;
}

static const struct db_param values[] = {
    {DB_INT8, -9223372036854775807, {0}},
    {DB_TEXT, 0, {"grün'; --", 10}},
    {DB_BYTEA, 0, {"\0\1\xff", 3}},
    {DB_BOOL, 1, {0}},
};

/* Each value, and each as a field. */
static void assert_same(const struct rows *a, const struct rows *b, int columns)
{
    assert_int_equal(rows_count(a), rows_count(b));
    for (size_t row = 0; row < rows_count(a); row++)
        for (int column = 0; column < columns; column++) {
            AUTO(buffer) struct buffer field_a = {0};
            AUTO(buffer) struct buffer field_b = {0};
            assert_int_equal(rows_is_null(a, row, column), rows_is_null(b, row, column));
            assert_true(bytes_equal(rows_bytes(a, row, column), rows_bytes(b, row, column)));
            assert_true(rows_integer(a, row, column) == rows_integer(b, row, column));
            rows_add_field(a, row, column, &field_a);
            rows_add_field(b, row, column, &field_b);
            assert_true(bytes_equal(buffer_bytes(&field_a), buffer_bytes(&field_b)));
        }
}

static void test_values_survive_the_way_there_and_back(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    assert_true(db_run(db, &echo, values, &rows, &err));
    assert_int_equal(rows_count(rows), 1);
    assert_true(rows_integer(rows, 0, 0) == -9223372036854775807);
    assert_string_equal(rows_text(rows, 0, 1), "grün'; --");
    assert_string_equal(rows_text(rows, 0, 2), "\\x0001ff");
    assert_int_equal(rows_integer(rows, 0, 3), 1);
    assert_true(rows_is_null(rows, 0, 4));
    assert_null(rows_text(rows, 0, 4));
}

static void test_binary_columns(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    const struct db_param params[] = {
        {DB_INT8, -5, {0}}, {DB_INT4, 7, {0}}, {DB_BYTEA, 0, {"\0\1\xff", 3}}, {DB_BOOL, 0, {0}}};
    assert_true(db_run(db, &echo_binary, params, &rows, &err));
    assert_int_equal(rows_integer(rows, 0, 0), -5);
    assert_int_equal(rows_integer(rows, 0, 1), 7);
    assert_true(bytes_equal(rows_bytes(rows, 0, 2), (struct bytes){"\0\1\xff", 3}));
    assert_int_equal(rows_integer(rows, 0, 3), 0);
    assert_string_equal(rows_text(rows, 0, 4), "x");
}

static void test_copied_rows_are_binary_ones(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    struct error err = {0};
    const struct db_param params[] = {
        {DB_INT8, INT64_MIN, {0}}, {DB_INT4, 3, {0}}, {DB_TEXT, 0, {"gr\\ün'; $1 --", 14}}};
    for (int i = 0; i < 2; i++) {
        AUTO(rows) struct rows *copied = NULL;
        AUTO(rows) struct rows *binary = NULL;
        assert_true(db_run(db, &many_copied, params, &copied, &err));
        assert_true(db_run(db, &many_binary, params, &binary, &err));
        assert_int_equal(rows_count(copied), 3);
        assert_string_equal(rows_text(copied, 0, 3), "gr\\ün'; $1 --");
        assert_true(rows_integer(copied, 0, 0) == INT64_MIN);
        assert_int_equal(rows_text(copied, 2, 4)[3], 0); /* it ends as a text does */
        assert_same(copied, binary, 12);
    }
}

static void test_no_rows_are_copied(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    assert_true(db_run(db, &none_copied, NULL, &rows, &err));
    assert_int_equal(rows_count(rows), 0);
}

/* More than a row must be on its way for that. */
static void test_an_error_among_copied_rows(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    assert_false(db_run(db, &breaks_copied, NULL, &rows, &err));
    assert_null(rows);
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_non_null(strstr(err.text, "division by zero"));
    assert_true(db_run(db, &one, NULL, &rows, &err));
}

static void test_a_server_that_ends_while_rows_are_copied(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    assert_false(db_run(db, &end_copied, NULL, &rows, &err));
    assert_int_not_equal(err.code, ERR_NONE);
    assert_true(db_run(db, &one, NULL, &rows, &err));
}

/* Half of them, and the next statement sees nothing of the other half. */
static void test_copied_rows_that_do_not_come_are_given_up(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    db_answers_within(db, 300);
    assert_false(db_run(db, &slow_copied, NULL, &rows, &err));
    assert_int_equal(err.code, ERR_LOST);
    db_answers_within(db, 30000);
    assert_true(db_run(db, &one, NULL, &rows, &err));
    assert_int_equal(rows_integer(rows, 0, 0), 1);
}

static void test_a_null_is_a_null(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    const struct db_param params[] = {
        {DB_NULL, 0, {0}}, {DB_TEXT, 0, bytes_of(NULL)}, {DB_BYTEA, 0, {0}}, {DB_NULL, 0, {0}}};
    assert_true(db_run(db, &echo, params, &rows, &err));
    for (int column = 0; column < 5; column++)
        assert_true(rows_is_null(rows, 0, column));
    assert_int_equal(rows_integer(rows, 0, 0), 0);
}

static void test_our_own_errors_keep_code_and_field(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    assert_false(db_run(db, &refused, NULL, &rows, &err));
    assert_int_equal(err.code, ERR_STALE);
    assert_string_equal(err.text, "changed meanwhile");
    assert_string_equal(err.field, "revision");
    assert_true(db_run(db, &one, NULL, &rows, &err));
}

static void test_a_wrong_table_is_named_with_file_and_line(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    struct error err = {0};
    const struct statement *const table[] = {&one, &no_table, NULL};
    assert_false(db_check_statements(db, table, &err));
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_non_null(strstr(err.text, "test_db.c:"));
    assert_non_null(strstr(err.text, "no_such_table"));
}

static void test_a_broken_connection_is_replaced(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    assert_false(db_run(db, &end_myself, NULL, &rows, &err));
    assert_int_equal(error_status(err.code), 503);
    assert_true(db_run(db, &one, NULL, &rows, &err));
    assert_int_equal(rows_integer(rows, 0, 0), 1);
}

static void test_a_statement_timeout_says_busy(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    assert_true(db_run_script(db, "set statement_timeout = '20ms'", &err));
    assert_false(db_run(db, &slow, NULL, &rows, &err));
    assert_int_equal(err.code, ERR_BUSY);
}

static pid_t stopped;

static void let_go_on(int number)
{
    (void)number;
    kill(stopped, SIGCONT);
}

/* More than the sockets hold, so that sending alone would wait for ever. */
static void test_a_server_that_hangs_is_given_up(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(buffer) struct buffer large = {0};
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    for (int i = 0; i < 1 << 20; i++)
        buffer_add_text(&large, "12345678");
    const struct db_param params[] = {{DB_INT8, 1, {0}},
                                      {DB_TEXT, 0, buffer_bytes(&large)},
                                      {DB_NULL, 0, {0}},
                                      {DB_BOOL, 1, {0}}};
    assert_true(db_run(db, &server_process, NULL, &rows, &err));
    stopped = (pid_t)rows_integer(rows, 0, 0);
    rows_free(TAKE(rows));
    assert_true(db_run(db, &echo, values, &rows, &err));
    rows_free(TAKE(rows));
    signal(SIGALRM, let_go_on);
    assert_int_equal(kill(stopped, SIGSTOP), 0);
    alarm(45); /* beyond what db.c waits for an answer */
    bool answered = db_run(db, &echo, params, &rows, &err);
    alarm(0);
    kill(stopped, SIGCONT);
    assert_false(answered);
    assert_int_equal(err.code, ERR_LOST);
    assert_true(db_run(db, &one, NULL, &rows, &err));
}

/* The answer to a first use comes too late, too: it must not be taken for that of the next. */
static void test_a_server_that_hangs_before_a_first_use_is_given_up(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    assert_true(db_run(db, &server_process, NULL, &rows, &err));
    stopped = (pid_t)rows_integer(rows, 0, 0);
    rows_free(TAKE(rows));
    signal(SIGALRM, let_go_on);
    assert_int_equal(kill(stopped, SIGSTOP), 0);
    alarm(45);
    bool answered = db_run(db, &one, NULL, &rows, &err);
    alarm(0);
    kill(stopped, SIGCONT);
    assert_false(answered);
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_true(db_run(db, &one, NULL, &rows, &err));
}

static void test_nobody_home(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct error err = {0};
    assert_false(db_open("host=/nowhere/at/all dbname=x", "test_db", &db, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_null(db);
    struct db_pool *pool = db_pool_new("host=/nowhere/at/all dbname=x", "test_db", 1);
    AUTO(rows) struct rows *rows = NULL;
    assert_false(db_pool_run(pool, &one, NULL, &rows, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    db_pool_free(pool);
}

static void test_a_lost_answer_costs_the_connection(void **state)
{
    (void)state;
    AUTO(db) struct db *db = open_database();
    AUTO(rows) struct rows *before = NULL, *after = NULL;
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    loses_answer = true; /* to the preparation, which the server did */
    assert_false(db_run(db, &server_process, NULL, &rows, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_true(db_run(db, &server_process, NULL, &before, &err));
    loses_answer = true; /* to the statement itself */
    assert_false(db_run(db, &server_process, NULL, &rows, &err));
    assert_int_equal(err.code, ERR_LOST);
    assert_true(db_run(db, &server_process, NULL, &after, &err));
    assert_string_not_equal(rows_text(before, 0, 0), rows_text(after, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_survive_the_way_there_and_back),
        cmocka_unit_test(test_binary_columns),
        cmocka_unit_test(test_copied_rows_are_binary_ones),
        cmocka_unit_test(test_no_rows_are_copied),
        cmocka_unit_test(test_an_error_among_copied_rows),
        cmocka_unit_test(test_a_server_that_ends_while_rows_are_copied),
        cmocka_unit_test(test_copied_rows_that_do_not_come_are_given_up),
        cmocka_unit_test(test_a_null_is_a_null),
        cmocka_unit_test(test_our_own_errors_keep_code_and_field),
        cmocka_unit_test(test_a_wrong_table_is_named_with_file_and_line),
        cmocka_unit_test(test_a_broken_connection_is_replaced),
        cmocka_unit_test(test_a_statement_timeout_says_busy),
        cmocka_unit_test(test_a_server_that_hangs_is_given_up),
        cmocka_unit_test(test_a_server_that_hangs_before_a_first_use_is_given_up),
        cmocka_unit_test(test_a_lost_answer_costs_the_connection),
        cmocka_unit_test(test_nobody_home),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
