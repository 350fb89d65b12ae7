#include <dlfcn.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/io/db.h"
#include "tests/unit/services.h"

#define STATEMENT(variable, sql, params, is_binary)                                                \
    static const struct statement variable = {#variable, sql,    "test_db.c",                      \
                                              __LINE__,  params, is_binary}

STATEMENT(echo, "select $1::bigint, $2::text, $3::bytea, $4::boolean, null::text", 4, false);
STATEMENT(echo_binary, "select $1::bigint, $2::int, $3::bytea, $4::boolean, 'x'::text", 4, true);
STATEMENT(refused, "select cs.fail('stale', 'changed meanwhile', 'revision')", 0, false);
STATEMENT(no_table, "select * from no_such_table", 0, false);
STATEMENT(end_myself, "select pg_terminate_backend(pg_backend_pid())", 0, false);
STATEMENT(slow, "select pg_sleep(5)", 0, false);
STATEMENT(one, "select 1", 0, false);
STATEMENT(server_process, "select pg_backend_pid()", 0, false);

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
