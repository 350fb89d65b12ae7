/* SQL in the local sandbox: every uploaded file is a table. */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "tests/unit/support/bed.h"

static struct bed bed;

static const char *table_of(const struct bed_outcome *outcome)
{
    const struct bed_item *item = bed_item(outcome, "table", 0);
    return item ? item->body.data : "(no table)";
}

static void csv_is_a_table_with_types(void **state)
{
    (void)state;
    struct bed_job job = bed_sql("select * from sales order by amount");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_add_file(&job, "sales.csv",
                 bytes_of("\xef\xbb\xbfRegion,Amount,Zip,Share\r\n\"No, rth\",10,01234,0.5\r\n"
                          "S\xc3\xbc"
                          "d,,99999,1e3\r\n"));
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(
        table_of(&outcome),
        "{\"columns\":[{\"name\":\"region\",\"type\":\"text\"},{\"name\":\"amount\",\"type\":"
        "\"number\"},{\"name\":\"zip\",\"type\":\"text\"},{\"name\":\"share\",\"type\":\"number\"}]"
        ","
        "\"rows\":[[\"S\xc3\xbc"
        "d\",null,\"99999\",1000.0],[\"No, rth\",10,\"01234\",0.5]],"
        "\"total_rows\":2}");
    assert_true(bed_contains(&outcome.out, "table sales from sales.csv: 2 rows, columns region"));
    bed_job_close(&job);
}

static void other_formats_and_odd_names(void **state)
{
    (void)state;
    struct bed_job job = bed_sql("select (select count(*) from t_2026_q_1) a, (select sum(v) from "
                                 "t_2026_q_1_2) b, (select max(x) from lines) c, "
                                 "(select city from tabs) d");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_add_file(&job, "2026 Q-1.csv", bytes_of("a;b\n1;2\n3;4\n"));
    bed_add_file(&job, "2026_Q_1.json", bytes_of("[{\"v\": 2}, {\"v\": 3.5, \"w\": [1]}]"));
    bed_add_file(&job, "lines.jsonl", bytes_of("{\"x\": 1}\n{\"x\": 9}\n"));
    bed_add_file(&job, "tabs.tsv", bytes_of("city\tn\nK\xf6ln\t1\n"));
    bed_add_file(&job, "notes.pdf", bytes_of("%PDF"));
    bed_run(&bed, &job, &outcome);
    assert_true(bed_contains(&outcome.out, "table t_2026_q_1 from 2026 Q-1.csv"));
    assert_true(bed_contains(&outcome.err, "tabs.tsv is not UTF-8; it was read as cp1252"));
    assert_true(bed_contains(&outcome.err, "notes.pdf is no CSV"));
    assert_non_null(strstr(table_of(&outcome), "\"rows\":[[2,5.5,9,\"K\xc3\xb6ln\"]]"));
    bed_job_close(&job);
}

static void workbooks_are_read(void **state)
{
    (void)state;
    struct bed_job maker = bed_python(
        "import openpyxl, datetime\nb = openpyxl.Workbook()\nb.active.append(['Name', 'When', 'N'])"
        "\nb.active.append(['x', datetime.datetime(2026, 1, 2), 3])\ns = b.create_sheet('More')\n"
        "s.append(['q'])\ns.append([7])\nb.save('book.xlsx')");
    AUTO(bed_outcome) struct bed_outcome made = {0};
    bed_run(&bed, &maker, &made);
    const struct bed_item *book = bed_item(&made, "file", 0);
    assert_non_null(book);
    struct bed_job job = bed_sql("select name, n, \"when\", q from book, book_more");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_add_file(&job, "book.xlsx", (struct bytes){book->body.data, book->body.len});
    bed_run(&bed, &job, &outcome);
    assert_non_null(strstr(table_of(&outcome), "[[\"x\",3,\"2026-01-02T00:00:00\",7]]"));
    bed_job_close(&job);
}

static void the_last_select_is_the_answer(void **state)
{
    (void)state;
    struct bed_job job = bed_sql("create table t(a); insert into t values (1), (2);\n"
                                 "select 'first;'; -- a ; in a comment\n"
                                 "select sum(a) as s, 9007199254740993 as big, x'00ff' as bin, "
                                 "1e999 as inf from t; delete from t;");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_non_null(strstr(table_of(&outcome), "[[3,\"9007199254740993\",\"x'00ff'\",null]]"));
    assert_null(bed_item(&outcome, "table", 1));
}

static void rows_beyond_the_limit_are_counted(void **state)
{
    (void)state;
    struct bed_job job = bed_sql("with recursive n(i) as (select 1 union all select i + 1 from n "
                                 "limit 300000) select i, 'some words' w from n");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    const struct bed_item *table = bed_item(&outcome, "table", 0);
    assert_non_null(table);
    assert_true(table->body.len <= 1 << 20);
    assert_true(bed_contains(&table->body, "\"total_rows\":300000}"));
}

static void errors_name_the_statement(void **state)
{
    (void)state;
    struct bed_job job = bed_sql("select 1;\n\nselect *\nfrom missing;\nselect 2");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_FAILED);
    assert_string_equal(outcome.result.error_name, "OperationalError");
    assert_string_equal(outcome.result.error_value, "no such table: missing (statement at line 3)");
    assert_true(bed_contains(&bed_item(&outcome, "traceback", 0)->body, "select *\nfrom missing;"));
    assert_null(bed_item(&outcome, "table", 0));
}

static void files_and_settings_are_out_of_reach(void **state)
{
    (void)state;
    static const char *const attempts[] = {
        "attach '/work/x.db' as x",       "vacuum into '/work/x.db'",
        "select load_extension('x')",     "pragma journal_mode = wal",
        "pragma writable_schema = on",    "detach main",
        "select writefile('/work/x', 1)", "pragma temp_store_directory = '/work'",
    };
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        struct bed_job job = bed_sql(attempts[i]);
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        bed_run(&bed, &job, &outcome);
        if (outcome.result.outcome != SANDBOX_FAILED || bed_item(&outcome, "file", 0))
            fail_msg("%s was not refused", attempts[i]);
    }
}

/* Files as people really have them; each must end in a table, or a clear word. */
static void broken_files(void **state)
{
    (void)state;
    static const struct {
        const char *name, *content, *sql;
        enum sandbox_outcome outcome;
    } files[] = {
        {"a.csv", "", "select 1", SANDBOX_SUCCEEDED},
        {"a.csv", "a,a,,a b\n1\n1,2,3,4,5\n", "select a, a_2, t, a_b from a", SANDBOX_SUCCEEDED},
        {"a.csv", "a\n\"never closed\n1\n", "select count(*) from a", SANDBOX_SUCCEEDED},
        {"a.json", "{not json", "select 1", SANDBOX_FAILED},
        {"a.json", "3", "select 1", SANDBOX_FAILED},
        {"a.xlsx", "PK no zip", "select 1", SANDBOX_FAILED},
        {"select.csv", "from\n1\n", "select \"from\" from \"select\"", SANDBOX_SUCCEEDED},
        {"a.csv", "a\";drop table x;--\n1\n", "select * from a", SANDBOX_SUCCEEDED},
    };
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct bed_job job = bed_sql(files[i].sql);
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        bed_add_file(&job, files[i].name, bytes_of(files[i].content));
        bed_run(&bed, &job, &outcome);
        if (outcome.result.outcome != files[i].outcome)
            fail_msg("file %zu: outcome %d, %s: %s", i, outcome.result.outcome,
                     outcome.result.error_name, outcome.result.error_value);
        bed_job_close(&job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_is_a_table_with_types),
        cmocka_unit_test(other_formats_and_odd_names),
        cmocka_unit_test(workbooks_are_read),
        cmocka_unit_test(the_last_select_is_the_answer),
        cmocka_unit_test(rows_beyond_the_limit_are_counted),
        cmocka_unit_test(errors_name_the_statement),
        cmocka_unit_test(files_and_settings_are_out_of_reach),
        cmocka_unit_test(broken_files),
    };
    bed_open(&bed, 0, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bed_close(&bed);
    return failed;
}
