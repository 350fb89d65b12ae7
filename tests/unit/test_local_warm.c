/* Warm sandboxes: used once, with the job's own limits, and as tight as cold ones. */
/* Proves: T17 */
#include "tests/unit/cmocka_all.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/support/bed.h"
#include "worker/sandbox/programs.h"
#include "worker/sandbox/local/watch.h"

#define WARM 2

static struct bed bed;

static bool is_filled(void *context)
{
    (void)context;
    return bed_warm(&bed) == WARM;
}

static void run_python(const char *code, struct bed_outcome *ret_outcome)
{
    struct bed_job job = bed_python(code);
    if (!bed_wait(is_filled, NULL))
        fail_msg("the pool is not filled");
    bed_run(&bed, &job, ret_outcome);
}

static void a_warm_one_has_imported(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("import sys\nprint('pandas' in sys.modules, 'matplotlib.pyplot' in sys.modules)\n"
               "import matplotlib.pyplot as plt\nprint(plt.get_fignums())",
               &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(outcome.out.data, "True True\n[]\n");
}

/* What one job leaves is not there for the next: each has its own. */
static void each_is_used_once(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        run_python("import os, sys, pandas\nprint(os.listdir('/work'), os.listdir('/dev/shm'), "
                   "hasattr(pandas, 'mark'))\npandas.mark = 1\nopen('left', 'w').close()\n"
                   "open('/dev/shm/left', 'w').close()\n"
                   "if os.fork() == 0:\n    import time; time.sleep(600)",
                   &outcome);
        assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
        assert_string_equal(outcome.out.data, "['.tmp'] [] False\n");
    }
}

static void the_limits_are_the_jobs(void **state)
{
    (void)state;
    struct bed_job job = bed_python("x = bytearray(b'x') * (260 << 20)\nprint('held')");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    job.job.limits.memory_bytes = 256 << 20;
    assert_true(bed_wait(is_filled, NULL));
    bed_run(&bed, &job, &outcome);
    assert_string_equal(outcome.result.reason, "memory");

    struct bed_job forks = bed_python("import os, time\nmade = 1\ntry:\n    while made < 100:\n"
                                      "        if os.fork() == 0: time.sleep(60)\n        made += 1"
                                      "\nexcept OSError: pass\nprint(made)");
    AUTO(bed_outcome) struct bed_outcome limited = {0};
    forks.job.limits.pids = 12;
    assert_true(bed_wait(is_filled, NULL));
    bed_run(&bed, &forks, &limited);
    assert_in_range(strtol(limited.out.data, NULL, 10), 11, 12);
}

/* Its work folder has had its size since it was warmed. */
static void another_work_folder_goes_cold(void **state)
{
    (void)state;
    const int64_t sizes[] = {64 << 20, 32 << 20};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct bed_job job = bed_python("import os, sys\nwork = os.statvfs('/work')\n"
                                        "print('pandas' in sys.modules, work.f_frsize * "
                                        "work.f_blocks >> 20)");
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        job.job.limits.tmp_bytes = sizes[i];
        assert_true(bed_wait(is_filled, NULL));
        bed_run(&bed, &job, &outcome);
        buffer_add(&outcome.out, "", 1);
        assert_string_equal(outcome.out.data, i == 0 ? "True 64\n" : "False 32\n");
    }
}

static void processor_time_is_the_jobs(void **state)
{
    (void)state;
    struct bed_job job = bed_python("while True: pass");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    job.job.limits.cpu_ms = 300;
    assert_true(bed_wait(is_filled, NULL));
    bed_run(&bed, &job, &outcome);
    assert_string_equal(outcome.result.reason, "cpu_time");
    assert_in_range(outcome.result.cpu_ms, 300, 3000);
}

/* The same answers as from a cold one, asked by the same probe. */
static void the_profile_is_the_same(void **state)
{
    (void)state;
    struct bed_job job = bed_python("");
    struct bytes probe = program_probe();
    job.job.code = probe;
    AUTO(bed_outcome) struct bed_outcome warm = {0};
    AUTO(bed_outcome) struct bed_outcome cold = {0};
    assert_true(bed_wait(is_filled, NULL));
    bed_run(&bed, &job, &warm);
    struct bed without;
    bed_open(&without, 0, NULL);
    bed_run(&without, &job, &cold);
    bed_close(&without);
    assert_int_equal(warm.result.outcome, SANDBOX_SUCCEEDED);
    assert_true(warm.out.len > 1000);
    assert_string_equal(warm.out.data, cold.out.data);
}

/* A job too small for what a warm one holds gets a cold one of its own size. */
static void a_small_job_goes_cold(void **state)
{
    (void)state;
    struct bed_job job = bed_python("import sys\n'pandas' in sys.modules");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    job.job.limits.memory_bytes = 64 << 20;
    assert_true(bed_wait(is_filled, NULL));
    bed_run(&bed, &job, &outcome);
    assert_string_equal(bed_item(&outcome, "result", 0)->body.data, "False");
    assert_int_equal(bed_warm(&bed), WARM);
}

static bool is_empty(void *context)
{
    (void)context;
    return bed_warm(&bed) == 0;
}

/* Somebody kills those that wait: jobs run all the same, and they are replaced. */
static void a_dead_one_is_replaced(void **state)
{
    (void)state;
    assert_true(bed_wait(is_filled, NULL));
    pid_t children[WATCH_CHILDREN];
    size_t count = watch_children(launcher_pid(bed.launcher), children);
    assert_true(count >= WARM);
    for (size_t i = 0; i < count; i++)
        kill(children[i], SIGKILL);
    assert_true(bed_wait(is_empty, NULL));
    struct bed_job job = bed_python("1 + 1");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_true(bed_wait(is_filled, NULL));
}

static void random_numbers_differ(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome first = {0};
    AUTO(bed_outcome) struct bed_outcome second = {0};
    const char *code = "import random, numpy, os\n(random.random(), numpy.random.rand(), "
                       "os.urandom(8))";
    run_python(code, &first);
    run_python(code, &second);
    assert_string_not_equal(bed_item(&first, "result", 0)->body.data,
                            bed_item(&second, "result", 0)->body.data);
}

static void cpu_of_the_warming_is_not_the_jobs(void **state)
{
    (void)state;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    run_python("1", &outcome);
    assert_in_range(outcome.result.cpu_ms, 0, 150);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_warm_one_has_imported),
        cmocka_unit_test(each_is_used_once),
        cmocka_unit_test(the_limits_are_the_jobs),
        cmocka_unit_test(another_work_folder_goes_cold),
        cmocka_unit_test(processor_time_is_the_jobs),
        cmocka_unit_test(the_profile_is_the_same),
        cmocka_unit_test(a_small_job_goes_cold),
        cmocka_unit_test(a_dead_one_is_replaced),
        cmocka_unit_test(random_numbers_differ),
        cmocka_unit_test(cpu_of_the_warming_is_not_the_jobs),
    };
    bed_open(&bed, WARM, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bed_close(&bed);
    return failed;
}
