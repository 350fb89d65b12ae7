/* Our bootstrap where no launcher of ours is: run here by plain python3 in a folder. */
#include "tests/unit/cmocka_all.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/support/trial.h"

static void output_and_last_expression(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    trial_start(&trial, "python",
                "import os, sys\nprint('out')\nprint('err', file=sys.stderr)\n"
                "os.system('echo from a child')\n6 * 7");
    trial_run(&trial);
    assert_int_equal(trial.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(trial.out.data, "out\nfrom a child\n");
    assert_string_equal(trial.err.data, "err\n");
    assert_string_equal(trial.log.data, "result:;");
    assert_string_equal(trial.bodies.data, "42|");
    assert_int_equal(trial.code, 0);
}

static void errors_and_exit_codes(void **state)
{
    (void)state;
    static const struct {
        const char *code, *reason, *name;
        int exit_code, status;
    } cases[] = {
        {"def f(): 1 / 0\nf()", "exception", "ZeroDivisionError", 1, 1},
        {"syntax error", "exception", "SyntaxError", 1, 1},
        {"raise SystemExit(3)", "exit_code", "", 3, 3},
        {"import os\nos._exit(0)", "ended_early", "", 0, 0},
        {"import os\nos._exit(4)", "exit_code", "", 4, 4},
        {"import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "signal", "", -1, 139},
        {"raise MemoryError", "memory", "MemoryError", 1, 1},
        {"import os\nos.write(3, b'I am no frame')", "bad_results", "", -1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(trial) struct trial trial;
        trial_start(&trial, "python", cases[i].code);
        trial_run(&trial);
        assert_int_equal(trial.result.outcome, SANDBOX_FAILED);
        assert_string_equal(trial.result.reason, cases[i].reason);
        assert_string_equal(trial.result.error_name, cases[i].name);
        assert_int_equal(trial.result.exit_code, cases[i].exit_code);
        assert_int_equal(trial.code, cases[i].status);
        if (i == 0)
            assert_non_null(strstr(trial.bodies.data, "File \"code.py\", line 1, in f"));
        assert_null(strstr(trial.bodies.data, "bootstrap"));
    }
}

static void files_in_and_out(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    trial_start(&trial, "python",
                "import os\nprint(sorted(os.listdir()))\nopen('out.txt', 'w').write("
                "open('\xc3\xa4 b.csv').read().upper())\nNone");
    trial_add(&trial, "\xc3\xa4 b.csv", "x,y\n");
    trial_add(&trial, "$(touch pwned).csv", "");
    trial_run(&trial);
    assert_int_equal(trial.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(trial.out.data, "['$(touch pwned).csv', '\xc3\xa4 b.csv']\n");
    assert_string_equal(trial.log.data, "file:out.txt;");
    assert_string_equal(trial.bodies.data, "X,Y\n|");
}

static void tables_and_charts(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    trial_start(&trial, "python",
                "import pandas as pd, matplotlib.pyplot as plt\nplt.plot([1, 2])\n"
                "plt.figure()\npd.DataFrame({'a': [1, float('nan')]})");
    trial_run(&trial);
    assert_int_equal(trial.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(trial.log.data, "table:;chart:chart-1.png;chart:chart-2.png;");
    assert_non_null(strstr(trial.bodies.data, "\"rows\":[[1.0],[null]],\"total_rows\":2}"));
}

static void queries(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    trial_start(&trial, "sql", "select n, v from a join b using (id) order by n");
    trial_add(&trial, "a.csv", "id,n\n1,x\n2,y\n");
    trial_add(&trial, "b.csv", "id,v\n2,5\n1,4\n");
    trial_run(&trial);
    assert_int_equal(trial.result.outcome, SANDBOX_SUCCEEDED);
    assert_non_null(strstr(trial.bodies.data, "\"rows\":[[\"x\",4],[\"y\",5]]"));
    AUTO(trial) struct trial wrong;
    trial_start(&wrong, "sql", "select 1;\nselect nothing");
    trial_run(&wrong);
    assert_string_equal(wrong.result.error_name, "OperationalError");
    assert_non_null(strstr(wrong.result.error_value, "line 2"));
}

/* Whatever differs from what was approved, not one line of it runs. */
static void what_differs_is_not_run(void **state)
{
    (void)state;
    static const char *const spoiled[] = {"code", "manifest", "input-0", "work"};
    for (size_t i = 0; i < COUNT_OF(spoiled); i++) {
        AUTO(trial) struct trial trial;
        trial_start(&trial, "python", "print('ran')");
        trial_add(&trial, "in.csv", "1\n");
        trial.spoil = spoiled[i];
        trial_run(&trial);
        assert_int_equal(trial.code, 120);
        assert_int_equal(trial.out.len, 0);
        assert_int_equal(trial.bin.len, 0);
        assert_int_equal(trial.result.outcome, SANDBOX_FAILED);
    }
}

static void a_second_start_runs_nothing(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    trial_start(&trial, "python", "print('ran')");
    trial.runs = 2;
    trial_run(&trial);
    assert_string_equal(trial.out.data, "ran\n");
    assert_int_equal(trial.code, 120);
}

static void results_cut_anywhere_are_not_whole(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    trial_start(&trial, "python", "open('f', 'w').write('x' * 30)\n1");
    trial_run(&trial);
    assert_int_equal(trial.result.outcome, SANDBOX_SUCCEEDED);
    for (size_t cut = 0; cut < trial.bin.len; cut++) {
        trial_judge(&trial, cut);
        assert_int_equal(trial.result.outcome, SANDBOX_FAILED);
        assert_string_equal(trial.result.reason, "ended_early");
    }
}

/* They hold the output open; a service waits for that before it tells the end. */
static void what_it_leaves_running_is_ended(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "import subprocess\nsubprocess.Popen(['sleep', '900'])\nNone",
        "import subprocess\nsubprocess.Popen(['sleep', '900'], start_new_session=True)\nNone",
        "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        os.execlp('sleep', 'sleep', '900')\n    os._exit(0)\nos.wait()\nNone",
        "import os, subprocess\nsubprocess.Popen(['sleep', '900'])\nos._exit(0)",
    };
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        AUTO(trial) struct trial trial;
        trial_start(&trial, "python", codes[i]);
        trial_run(&trial);
        assert_int_equal(trial.code, 0);
    }
}

static void marks_tell_ends_of_lines(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    trial_start(&trial, "python", "print('no end', end='')\nNone");
    trial.options.mark = true;
    trial_run(&trial);
    assert_string_equal(trial.out.data, "no end\x1e");
    assert_string_equal(trial.err.data, "\x1e");
}

static void as_a_cell(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    AUTO(buffer) struct buffer cell = {0};
    struct error err = {0};
    trial_start(&trial, "sql", "select 1; select broken");
    assert_true(remote_start(&trial.remote, &trial.job, &trial.options, &err));
    remote_cell(&trial.remote, &cell);
    remote_auto(&trial.remote);
    trial.cell = cell.data;
    trial_run(&trial);
    assert_int_equal(trial.code, 1);
    assert_string_equal(trial.result.error_name, "OperationalError");
    AUTO(trial) struct trial output;
    trial_start(&output, "python", "import sys\nprint('\xc3\xa4')\nprint('e', file=sys.stderr)");
    output.cell = cell.data;
    buffer_clear(&cell);
    assert_true(remote_start(&output.remote, &output.job, &output.options, &err));
    remote_cell(&output.remote, &cell);
    remote_auto(&output.remote);
    trial_run(&output);
    assert_string_equal(output.out.data, "\xc3\xa4\n");
    assert_string_equal(output.err.data, "e\n");
    assert_int_equal(output.code, 0);
}

/* As an image that has nothing but Python itself. */
static void without_pandas(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    trial_start(&trial, "sql", "select v + 1 as w from t");
    trial_add(&trial, "t.csv", "v\n1\n");
    static const char script[] = "#!/bin/sh\nexec /usr/bin/python3 -S \"$@\"\n";
    struct remote_file file = {.data = bytes_of(script), .fd = -1, .size = sizeof script - 1};
    snprintf(file.path, sizeof file.path, "%s/bin/python3", trial.root);
    trial_write(&file);
    chmod(file.path, 0700);
    char path[64];
    snprintf(path, sizeof path, "PATH=%s/bin:/usr/bin:/bin", trial.root);
    trial.path = path;
    trial_run(&trial);
    assert_int_equal(trial.result.outcome, SANDBOX_SUCCEEDED);
    assert_non_null(strstr(trial.bodies.data, "\"rows\":[[2]]"));
}

static void a_value_of_another_program(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    AUTO(buffer) struct buffer cell = {0};
    struct error err = {0};
    trial_start(&trial, "python", "");
    assert_true(remote_start(&trial.remote, &trial.job, &trial.options, &err));
    buffer_printf(&cell,
                  "import pandas\nspace = {'__name__': 'c', '__file__': '%s/bootstrap.py'}\n"
                  "exec(compile(open(space['__file__']).read(), 'c', 'exec'), space)\n"
                  "space['part']('remote')\n"
                  "space['hand_back'](pandas.Series([7], name='s'), 4, 65536)\n",
                  trial.remote.folder);
    remote_auto(&trial.remote);
    trial.cell = cell.data;
    trial_run(&trial);
    assert_int_equal(trial.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(trial.log.data, "table:;");
    assert_non_null(strstr(trial.bodies.data, "\"rows\":[[7]]"));
}

static void names_that_are_not_plain(void **state)
{
    (void)state;
    AUTO(trial) struct trial trial;
    struct error err = {0};
    trial_start(&trial, "python", "");
    trial_add(&trial, "a\nb", "");
    assert_false(remote_start(&trial.remote, &trial.job, &trial.options, &err));
    assert_int_equal(err.code, ERR_INVALID_FIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_and_last_expression),
        cmocka_unit_test(errors_and_exit_codes),
        cmocka_unit_test(files_in_and_out),
        cmocka_unit_test(tables_and_charts),
        cmocka_unit_test(queries),
        cmocka_unit_test(what_differs_is_not_run),
        cmocka_unit_test(a_second_start_runs_nothing),
        cmocka_unit_test(results_cut_anywhere_are_not_whole),
        cmocka_unit_test(what_it_leaves_running_is_ended),
        cmocka_unit_test(marks_tell_ends_of_lines),
        cmocka_unit_test(as_a_cell),
        cmocka_unit_test(without_pandas),
        cmocka_unit_test(a_value_of_another_program),
        cmocka_unit_test(names_that_are_not_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
