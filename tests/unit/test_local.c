/* Python in the local sandbox: what a job hands back. Run as root and, by
 * test_local_plain.c, as a plain user. */
#include "tests/unit/cmocka_all.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/support/bed.h"

static struct bed bed;

static const char *body_of(const struct bed_outcome *outcome, const char *kind)
{
    const struct bed_item *item = bed_item(outcome, kind, 0);
    return item && item->body.data ? item->body.data : "(no such item)";
}

static void run_python(const char *code, struct bed_outcome *ret_outcome)
{
    struct bed_job job = bed_python(code);
    bed_run(&bed, &job, ret_outcome);
}

static void output_and_last_expression(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import sys\nprint('to out')\nprint('to err', file=sys.stderr)\n6 * 7", &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(outcome.result.reason, "");
    assert_int_equal(outcome.result.exit_code, 0);
    assert_string_equal(outcome.out.data, "to out\n");
    assert_string_equal(outcome.err.data, "to err\n");
    assert_string_equal(body_of(&outcome, "result"), "42");
    assert_int_equal(outcome.item_count, 1);
}

static void what_subprocesses_write_counts(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import subprocess, os\nsubprocess.run(['echo', 'child'])\nos.write(1, b'raw\\n')",
               &outcome);
    assert_string_equal(outcome.out.data, "child\nraw\n");
    assert_string_equal(body_of(&outcome, "result"), "4");
}

static void files_in_and_out(void **state)
{
    (void)state;
    struct bed_job job = bed_python("data = open('in.txt').read()\n"
                                    "open('out.csv', 'w').write(data.upper())\n"
                                    "open('.hidden', 'w').write('x')\nNone");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_add_file(&job, "in.txt", bytes_of("abc\n"));
    bed_add_file(&job, "unused file \xc3\xa4.bin", bytes_of(""));
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_int_equal(outcome.item_count, 1); /* inputs that did not change are not handed back */
    assert_string_equal(outcome.items[0].name, "out.csv");
    assert_string_equal(outcome.items[0].mime, "text/csv");
    assert_string_equal(body_of(&outcome, "file"), "ABC\n");
    bed_job_close(&job);
}

static void a_changed_input_is_handed_back(void **state)
{
    (void)state;
    struct bed_job job = bed_python("open('in.txt', 'a').write('more')\nNone");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_add_file(&job, "in.txt", bytes_of("abc"));
    bed_run(&bed, &job, &outcome);
    assert_string_equal(body_of(&outcome, "file"), "abcmore");
    bed_job_close(&job);
}

static void tables_from_pandas(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import pandas as pd, numpy as np, datetime as dt\n"
               "pd.DataFrame({'n': [1, 2, None], 'inf': [1.5, np.inf, -np.inf], 's': ['a\\0', None,"
               " '\"<b>'], 'b': [True, False, True],\n"
               " 'd': pd.to_datetime(['2026-01-01', None, '2026-03-01']),\n"
               " 't': pd.to_datetime(['2026-01-01 10:00', None, None]),\n"
               " 'big': [2**60, 1, 2], 'i': [1, 2, 3]})",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(bed_item(&outcome, "table", 0)->mime,
                        "application/vnd.countersign.table+json");
    assert_string_equal(
        body_of(&outcome, "table"),
        "{\"columns\":[{\"name\":\"n\",\"type\":\"number\"},{\"name\":\"inf\",\"type\":\"number\"},"
        "{\"name\":\"s\",\"type\":\"text\"},{\"name\":\"b\",\"type\":\"boolean\"},"
        "{\"name\":\"d\",\"type\":\"time\"},{\"name\":\"t\",\"type\":\"time\"},"
        "{\"name\":\"big\",\"type\":\"text\"},{\"name\":\"i\",\"type\":\"number\"}],"
        "\"rows\":[[1.0,1.5,\"a\xef\xbf\xbd\",true,\"2026-01-01\",\"2026-01-01T10:00:00\","
        "\"1152921504606846976\",1],[2.0,null,null,false,null,null,\"1\",2],"
        "[null,null,\"\\\"<b>\",true,\"2026-03-01\",null,\"2\",3]],\"total_rows\":3}");
}

static void series_and_named_index(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import pandas as pd\npd.DataFrame({'k': ['x', 'y', 'x'], 'v': [1, 2, 3]})"
               ".groupby('k').v.sum()",
               &outcome);
    assert_string_equal(body_of(&outcome, "table"),
                        "{\"columns\":[{\"name\":\"k\",\"type\":\"text\"},{\"name\":\"v\",\"type\":"
                        "\"number\"}],\"rows\":[[\"x\",4],[\"y\",2]],\"total_rows\":2}");
}

static void a_large_table_tells_its_length(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import pandas as pd\npd.DataFrame({'v': range(500000), 'w': 'some words'})",
               &outcome);
    const struct bed_item *table = bed_item(&outcome, "table", 0);
    assert_non_null(table);
    assert_in_range(table->body.len, 900000, 1 << 20);
    assert_true(bed_contains(&table->body, "\"total_rows\":500000}"));
    assert_true(bed_contains(&outcome.err, "of 500000 rows"));
}

static void charts_are_pictures(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.figure()\nplt.bar([1], [2])"
               "\nplt.show()\nplt.title('b')",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_int_equal(outcome.item_count, 2);
    assert_string_equal(outcome.items[0].kind, "chart");
    assert_string_equal(outcome.items[1].name, "chart-2.png");
    assert_string_equal(outcome.items[1].mime, "image/png");
    assert_memory_equal(outcome.items[0].body.data, "\x89PNG\r\n\x1a\n", 8);
    assert_int_equal(outcome.err.len, 0); /* no word about a missing screen */
}

static void exceptions_show_the_authors_lines(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("def part(x):\n    return 1 / x\nopen('kept.txt', 'w').write('k')\npart(0)",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_FAILED);
    assert_string_equal(outcome.result.reason, "exception");
    assert_string_equal(outcome.result.error_name, "ZeroDivisionError");
    assert_string_equal(outcome.result.error_value, "division by zero");
    assert_int_equal(outcome.result.exit_code, 1);
    const struct bed_item *traceback = bed_item(&outcome, "traceback", 0);
    assert_true(
        bed_contains(&traceback->body, "File \"code.py\", line 4, in <module>\n    part(0)"));
    assert_true(bed_contains(&traceback->body, "line 2, in part\n    return 1 / x"));
    assert_false(bed_contains(&traceback->body, "bootstrap"));
    assert_string_equal(body_of(&outcome, "file"), "k");
}

static void syntax_errors_point_at_the_place(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("x = 1\ny = (2 +\n", &outcome);
    assert_string_equal(outcome.result.error_name, "SyntaxError");
    const struct bed_item *traceback = bed_item(&outcome, "traceback", 0);
    assert_true(bed_contains(&traceback->body, "line 2\n    y = (2 +"));
    assert_false(bed_contains(&traceback->body, "Traceback"));
}

static void exit_codes(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        enum sandbox_outcome outcome;
        int exit_code;
        int term_signal;
        const char *reason;
    } ends[] = {
        {"import sys; sys.exit(0)", SANDBOX_SUCCEEDED, 0, 0, ""},
        {"exit()", SANDBOX_SUCCEEDED, 0, 0, ""},
        {"raise SystemExit(7)", SANDBOX_FAILED, 7, 0, "exit_code"},
        {"import sys; sys.exit('words')", SANDBOX_FAILED, 1, 0, "exit_code"},
        {"import os; os._exit(5)", SANDBOX_FAILED, 5, 0, "exit_code"},
        {"import os; os._exit(0)", SANDBOX_FAILED, 0, 0, "ended_early"},
        {"import os; os.abort()", SANDBOX_FAILED, -1, 6, "signal"},
        {"import ctypes; ctypes.string_at(0)", SANDBOX_FAILED, -1, 11, "signal"},
        {"import os; os.kill(os.getpid(), 9)", SANDBOX_FAILED, -1, 9, "signal"},
        {"import os; os.kill(os.getpid(), 15)", SANDBOX_FAILED, -1, 15, "signal"},
        {"raise MemoryError('x')", SANDBOX_FAILED, 1, 0, "memory"},
        {"raise KeyboardInterrupt", SANDBOX_FAILED, 1, 0, "exception"},
    };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        run_python(ends[i].code, &outcome);
        const struct sandbox_result *result = &outcome.result;
        if (result->outcome != ends[i].outcome || result->exit_code != ends[i].exit_code ||
            result->term_signal != ends[i].term_signal ||
            strcmp(result->reason, ends[i].reason) != 0)
            fail_msg("%s: outcome %d, exit code %d, signal %d, %s", ends[i].code, result->outcome,
                     result->exit_code, result->term_signal, result->reason);
    }
}

static void threads_finish_first(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import threading, time, atexit\n"
               "def late():\n    time.sleep(0.2); print('thread')\n"
               "threading.Thread(target=late).start()\n"
               "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
               "atexit.register(lambda: open('last.txt', 'w').write('l'))\nNone",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(outcome.out.data, "thread\n");
    assert_string_equal(body_of(&outcome, "file"), "l");
}

static void the_job_is_the_main_module(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import pickle, inspect, sys, dataclasses\n"
               "@dataclasses.dataclass\nclass Point:\n    x: int\n"
               "assert __name__ == '__main__' and sys.argv == ['code.py']\n"
               "assert pickle.loads(pickle.dumps(Point(3))) == Point(3)\n"
               "assert 'x: int' in inspect.getsource(Point)\n"
               "assert not [n for n in dir() if n in ('Frame', 'Budget', 'run')]\n"
               "print(input())",
               &outcome);
    assert_string_equal(outcome.result.error_name, "EOFError"); /* nothing on its stdin */
}

/* A coding cookie has no say: the text was decoded before it was compiled. */
/* Proves: T12 */
static void a_coding_cookie_has_no_say(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("# -*- coding: unicode_escape -*-\n# \\u000aprint('ran from a comment')\n"
               "# coding: utf-7\n# +AAo-print('ran')\nprint('only this')",
               &outcome);
    assert_string_equal(outcome.out.data, "only this\n");
}

static void figures_are_measured(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("x = b'x' * (100 << 20)\nimport time\n"
               "end = time.process_time() + 0.3\nwhile time.process_time() < end: pass",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_in_range(outcome.result.cpu_ms, 250, 5000);
    assert_true(outcome.result.duration_ms >= 250);
    assert_in_range(outcome.result.memory_peak_bytes, 90 << 20, 200 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_last_expression),
        cmocka_unit_test(what_subprocesses_write_counts),
        cmocka_unit_test(files_in_and_out),
        cmocka_unit_test(a_changed_input_is_handed_back),
        cmocka_unit_test(tables_from_pandas),
        cmocka_unit_test(series_and_named_index),
        cmocka_unit_test(a_large_table_tells_its_length),
        cmocka_unit_test(charts_are_pictures),
        cmocka_unit_test(exceptions_show_the_authors_lines),
        cmocka_unit_test(syntax_errors_point_at_the_place),
        cmocka_unit_test(exit_codes),
        cmocka_unit_test(threads_finish_first),
        cmocka_unit_test(the_job_is_the_main_module),
        cmocka_unit_test(a_coding_cookie_has_no_say),
        cmocka_unit_test(figures_are_measured),
    };
#ifdef PLAIN_USER
    bed_become_plain();
#endif
    bed_open(&bed, 0, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bed_close(&bed);
    return failed;
}
