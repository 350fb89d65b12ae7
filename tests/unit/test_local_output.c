/* What code in a sandbox may send back to do harm: RELIABILITY d.8, row by row. */
#include "tests/unit/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/bed.h"

static struct bed bed;

static void run_python(const char *code, struct bed_outcome *ret_outcome)
{
    struct bed_job job = bed_python(code);
    bed_run(&bed, &job, ret_outcome);
}

static void no_output_at_all(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("", &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_int_equal(outcome.out.len + outcome.err.len + outcome.item_count, 0);
}

/* Passed on as it is: the page shows text, never interprets it. */
static void bytes_that_are_no_text(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import os\nos.write(1, b'\\xff\\x00\\x1b]8;;http://x\\x07\\x1b]52;c;eA==\\x07"
               "<script>\\xc3')\nprint('\\ud800 lone')",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_memory_equal(outcome.out.data, "\xff\0\x1b]8;", 6);
    assert_true(bed_contains(&outcome.out, "\\ud800 lone"));
}

static void one_line_without_end(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("print('x' * 50000, end='')\nNone", &outcome);
    assert_int_equal(outcome.out.len, 50000);
}

static void a_fake_result_line_is_output(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("print('{\"exit_code\":0,\"kind\":\"table\"}')\nraise SystemExit(3)", &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_FAILED);
    assert_int_equal(outcome.result.exit_code, 3);
    assert_int_equal(outcome.item_count, 0);
}

static void exit_0_with_a_traceback_printed(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import traceback\ntry: 1 / 0\nexcept Exception: traceback.print_exc()\nNone",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_true(bed_contains(&outcome.err, "    try: 1 / 0"));
}

/* Descriptor 3 is the job's to write to, since it is its process. What does not
 * hold together ends the run; what does is checked like any other item. */
static void frames_of_the_jobs_own(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "os.write(3, b'garbage that is no frame')",
        "os.write(3, b'I' + (1 << 31).to_bytes(4, 'big') + bytes(8))",
        "os.write(3, b'I' + bytes(4) + (1 << 62).to_bytes(8, 'big'))",
        "os.write(3, b'E' + bytes(12))",
        "os.write(3, b'S' + bytes(12))",
        "[os.write(3, b'R' + bytes(12)) for i in range(9)]",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(buffer) struct buffer code = {0};
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        buffer_printf(&code, "import os, time\n%s\ntime.sleep(60)", bad[i]);
        run_python(code.data, &outcome);
        if (outcome.result.outcome != SANDBOX_FAILED ||
            strcmp(outcome.result.reason, "bad_results") != 0)
            fail_msg("%s: outcome %d, %s", bad[i], outcome.result.outcome, outcome.result.reason);
    }
}

static void half_a_frame_waits_for_the_wall(void **state)
{
    (void)state;
    struct bed_job job =
        bed_python("import os, time\nos.write(3, b'I' + bytes(3))\ntime.sleep(60)");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    job.job.limits.wall_ms = 300;
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_TIMED_OUT);
}

static void a_forged_end_is_a_told_end(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    /* Its own process may say how it ended; it can say nothing of other runs. */
    run_python("import gc, os, sys\n"
               "results = [o for o in gc.get_objects() if type(o).__name__ == 'Results'][0]\n"
               "results.end(0)\nos._exit(9)",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_int_equal(outcome.result.exit_code, 0);
}

static void output_closed_early(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import sys, os\nsys.stdout.close(); sys.stderr.close(); os.close(1); os.close(2)\n"
               "7",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(bed_item(&outcome, "result", 0)->body.data, "7");
}

static void children_left_behind_are_dead(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import os, time\n"
               "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(3600)\n"
               "    os._exit(0)\nprint('left')",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
}

static void things_that_are_no_plain_files(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import os, socket\nos.symlink('/run/bootstrap.py', 'result.csv')\n"
               "os.mkfifo('pipe.csv')\nos.mkdir('folder.csv')\n"
               "s = socket.socket(socket.AF_UNIX); s.bind('socket.csv')\n"
               "os.symlink('loop', 'loop')\nopen(b'bad\\xff.csv', 'w').close()\n"
               "open('new\\nline', 'w').close()\nopen('back\\\\slash', 'w').close()\n"
               "open('x' * 250, 'w').close()\nopen('good.csv', 'w').write('1')\n"
               "os.link('good.csv', 'linked.csv')\nNone",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_int_equal(outcome.item_count, 2);
    assert_string_equal(outcome.items[0].name, "good.csv");
    assert_string_equal(outcome.items[1].name, "linked.csv");
    assert_true(bed_contains(&outcome.err, "1 folders and 8 other things"));
}

static void pictures_that_would_burst_a_viewer(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import matplotlib.pyplot as plt\nplt.figure(figsize=(500, 500), dpi=100)\n"
               "open('x.svg', 'w').write('<svg onload=\"alert(1)\"/>')\nNone",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    const struct bed_item *chart = bed_item(&outcome, "chart", 0);
    assert_non_null(chart);
    const uint8_t *data = (const uint8_t *)chart->body.data;
    assert_in_range(data[18] << 8 | data[19], 1, 4200);
    assert_string_equal(bed_item(&outcome, "file", 0)->mime, "image/svg+xml");
}

static void a_job_that_breaks_its_own_python(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "import builtins\nbuiltins.len = builtins.open = builtins.print = None\n5",
        "import sys\nsys.modules.clear()\n5",
        "import os\nos.listdir = os.lstat = None\n5",
        "class Odd:\n    def __repr__(self): raise ValueError('no')\nOdd()",
        "class Odd(Exception):\n    def __str__(self): raise ValueError('no')\nraise Odd",
        "class Odd:\n    def __class__(self): 1 / 0\nOdd()",
        "import sys\nsys.setrecursionlimit(10**8)\ndef f(): f()\nf()",
        "import os\nos.chmod('/work', 0)\n5",
        "import os\nos.close(3)\n5",
        "import sys\nsys.stdout = sys.stderr = None\n5",
        "raise type('N' * 9000, (Exception,), {})('v' * 900000)",
        "'x' * 900000",
        "raise ValueError('\\0 \\ud800 \\x1b')",
    };
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        run_python(codes[i], &outcome);
        enum sandbox_outcome how = outcome.result.outcome;
        if ((how != SANDBOX_SUCCEEDED && how != SANDBOX_FAILED) ||
            strcmp(outcome.result.reason, "bad_results") == 0)
            fail_msg("%s: outcome %d, %s", codes[i], how, outcome.result.reason);
    }
}

static void a_sink_that_refuses_ends_the_run(void **state)
{
    (void)state;
    struct bed_job job = bed_python("while True: print('x')");
    AUTO(bed_outcome) struct bed_outcome outcome = {.refuse_output = true};
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_UNKNOWN);
    assert_string_equal(outcome.result.reason, "output_lost");
}

static void output_comes_while_it_runs(struct bed_outcome *outcome)
{
    outcome->backend->cancel(outcome->sandbox);
}

static void streamed_and_cancelled(void **state)
{
    (void)state;
    struct bed_job job = bed_python("import time\nprint('one')\ntime.sleep(3600)");
    AUTO(bed_outcome) struct bed_outcome outcome = {.on_output = output_comes_while_it_runs};
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_CANCELLED);
    assert_string_equal(outcome.result.reason, "cancelled");
    assert_string_equal(outcome.out.data, "one\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_output_at_all),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(one_line_without_end),
        cmocka_unit_test(a_fake_result_line_is_output),
        cmocka_unit_test(exit_0_with_a_traceback_printed),
        cmocka_unit_test(frames_of_the_jobs_own),
        cmocka_unit_test(half_a_frame_waits_for_the_wall),
        cmocka_unit_test(a_forged_end_is_a_told_end),
        cmocka_unit_test(output_closed_early),
        cmocka_unit_test(children_left_behind_are_dead),
        cmocka_unit_test(things_that_are_no_plain_files),
        cmocka_unit_test(pictures_that_would_burst_a_viewer),
        cmocka_unit_test(a_job_that_breaks_its_own_python),
        cmocka_unit_test(a_sink_that_refuses_ends_the_run),
        cmocka_unit_test(streamed_and_cancelled),
    };
    bed_open(&bed, 0, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bed_close(&bed);
    return failed;
}
