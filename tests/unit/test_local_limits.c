/* Each limit of a run, met by code that tries to pass it. Run as root with
 * cgroups and, by test_local_limits_plain.c, as a plain user without. */
/* Proves: T18 */
#include "tests/unit/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/unit/support/bed.h"

static struct bed bed;

static void expect(const struct bed_outcome *outcome, enum sandbox_outcome wanted,
                   const char *reason)
{
    const struct sandbox_result *result = &outcome->result;
    if (result->outcome != wanted || strcmp(result->reason, reason) != 0)
        fail_msg("outcome %d, reason '%s', %s: %s, out: %.300s, err: %.300s", result->outcome,
                 result->reason, result->error_name, result->error_value,
                 outcome->out.data ? outcome->out.data : "",
                 outcome->err.data ? outcome->err.data : "");
}

static const char deaf_to_signals[] =
    "import signal, time\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except OSError: pass\ntime.sleep(3600)";
static const char no_descriptors[] =
    "import os\nfor fd in (0, 1, 2, 3): os.close(fd)\nwhile True: pass";
static const char own_session[] =
    "import os, time\nif os.fork(): time.sleep(3600)\nos.setsid(); time.sleep(3600)";
static const char thread_stays[] =
    "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()";

static void wall_time(void **state)
{
    (void)state;
    const char *const codes[] = {"while True: pass", "import time; time.sleep(3600)",
                                 deaf_to_signals,    no_descriptors,
                                 own_session,        thread_stays,
                                 "10 ** 10 ** 10"};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct bed_job job = bed_python(codes[i]);
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        job.job.limits.wall_ms = 400;
        bed_run(&bed, &job, &outcome);
        expect(&outcome, SANDBOX_TIMED_OUT, "wall_time");
        assert_true(outcome.result.duration_ms >= 400);
    }
}

/* A fork has a clock of its own: the limit is on all of them together. */
static void processor_time(void **state)
{
    (void)state;
    const char *const codes[] = {"while True: pass",
                                 "import os\nfor n in range(3): os.fork()\nwhile True: pass"};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        struct bed_job job = bed_python(codes[i]);
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        job.job.limits.cpu_ms = 300;
        bed_run(&bed, &job, &outcome);
        expect(&outcome, SANDBOX_FAILED, "cpu_time");
        assert_in_range(outcome.result.cpu_ms, 300, 3000);
    }
    struct bed_job idle = bed_python("import time; time.sleep(1); print('slept')");
    AUTO(bed_outcome) struct bed_outcome slept = {0};
    idle.job.limits.cpu_ms = 400;
    bed_run(&bed, &idle, &slept);
    expect(&slept, SANDBOX_SUCCEEDED, "");
}

/* The launcher's own size is 64 MiB. */
static void the_work_folder_is_the_jobs(void **state)
{
    (void)state;
    const int64_t sizes[] = {4 << 20, 100 << 20};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct bed_job job = bed_python("import os, resource\nwork = os.statvfs('/work')\nprint("
                                        "work.f_frsize * work.f_blocks, resource.getrlimit("
                                        "resource.RLIMIT_FSIZE)[1])");
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        char expected[64];
        job.job.limits.tmp_bytes = sizes[i];
        bed_run(&bed, &job, &outcome);
        snprintf(expected, sizeof expected, "%lld %lld\n", (long long)sizes[i],
                 (long long)sizes[i]);
        buffer_add(&outcome.out, "", 1);
        assert_string_equal(outcome.out.data, expected);
    }
}

static void memory_of_one_process(void **state)
{
    (void)state;
    struct bed_job job = bed_python("parts = []\n"
                                    "while True: parts.append(bytearray(b'x') * (1 << 24))");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    job.job.limits.memory_bytes = 200 << 20;
    bed_run(&bed, &job, &outcome);
    expect(&outcome, SANDBOX_FAILED, "memory");
    assert_in_range(outcome.result.memory_peak_bytes, 150 << 20, 1 << 30);
}

/* None of them is over the limit; together they are. */
static void memory_of_children_together(void **state)
{
    (void)state;
    struct bed_job job = bed_python("import os, time\n"
                                    "for i in range(6):\n    if os.fork() == 0:\n"
                                    "        x = bytearray(b'x') * (60 << 20); time.sleep(60)\n"
                                    "time.sleep(60)");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    job.job.limits.memory_bytes = 200 << 20;
    bed_run(&bed, &job, &outcome);
    expect(&outcome, SANDBOX_FAILED, "memory");
}

static const char count_forks[] = "import os, time\nmade = 1\ntry:\n    while made < 200:\n"
                                  "        if os.fork() == 0: time.sleep(60)\n"
                                  "        made += 1\nexcept OSError: pass\nprint(made)\n"
                                  "os.kill(-1, 9)";

static void processes(void **state)
{
    (void)state;
    const int64_t limits[] = {8, 64};
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct bed_job job = bed_python(count_forks);
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        job.job.limits.pids = limits[i];
        bed_run(&bed, &job, &outcome);
        int64_t made = strtoll(outcome.out.data ? outcome.out.data : "0", NULL, 10);
        if (made < limits[i] - 1 || made > limits[i])
            fail_msg("%lld processes of %lld", (long long)made, (long long)limits[i]);
    }
}

static void a_refused_process_is_named(void **state)
{
    (void)state;
    struct bed_job job = bed_python("import os, time\nwhile True:\n"
                                    "    if os.fork() == 0: time.sleep(60)");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    job.job.limits.pids = 8;
    bed_run(&bed, &job, &outcome);
    expect(&outcome, SANDBOX_FAILED, "processes");
    assert_string_equal(outcome.result.error_name, "BlockingIOError");
}

static void threads_are_processes(void **state)
{
    (void)state;
    struct bed_job job = bed_python("import threading, time\nmade = 1\ntry:\n"
                                    "    while made < 200:\n        threading.Thread(target="
                                    "time.sleep, args=(9,), daemon=True).start(); made += 1\n"
                                    "except RuntimeError: pass\nprint(made)");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    job.job.limits.pids = 16;
    bed_run(&bed, &job, &outcome);
    assert_in_range(strtol(outcome.out.data, NULL, 10), 14, 16);
}

/* It could always start another one before it is killed. */
static void a_fork_bomb_ends(void **state)
{
    (void)state;
    struct bed_job job = bed_python("import os\nwhile True:\n    try: os.fork()\n"
                                    "    except OSError: pass");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    job.job.limits.wall_ms = 500;
    bed_run(&bed, &job, &outcome);
    expect(&outcome, SANDBOX_TIMED_OUT, "wall_time");
}

static void no_network(void **state)
{
    (void)state;
    struct bed_job job =
        bed_python("import socket, urllib.request\nfor target in ('http://127.0.0.1:80/', "
                   "'http://169.254.169.254/', 'http://[::1]/', 'http://example.com/'):\n"
                   "    try: urllib.request.urlopen(target, timeout=2); print('reached', target)\n"
                   "    except OSError as e: print('refused')");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    assert_string_equal(outcome.out.data, "refused\nrefused\nrefused\nrefused\n");
}

static void output_at_and_over_the_limit(void **state)
{
    (void)state;
    struct bed_job job = bed_python("import sys; sys.stdout.write('x' * 60000); sys.stdout.flush()"
                                    "\nsys.stderr.write('y' * 5536)\nNone");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    expect(&outcome, SANDBOX_SUCCEEDED, "");
    assert_int_equal(outcome.out.len + outcome.err.len, 65536);
    assert_false(outcome.result.output_truncated);

    struct bed_job more = bed_python("import sys; sys.stdout.write('x' * 60000); sys.stdout.flush"
                                     "()\nsys.stderr.write('y' * 5537)\nNone");
    AUTO(bed_outcome) struct bed_outcome cut = {0};
    bed_run(&bed, &more, &cut);
    expect(&cut, SANDBOX_FAILED, "output");
    assert_int_equal(cut.out.len + cut.err.len, 65536);
    assert_true(cut.result.output_truncated);
}

static void a_flood_of_output_ends(void **state)
{
    (void)state;
    struct bed_job job = bed_python("import os\nblock = b'\\n' * 65536\n"
                                    "for i in range(1 << 14): os.write(1, block)");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    expect(&outcome, SANDBOX_FAILED, "output");
    assert_int_equal(outcome.out.len, 65536);
}

static void files_beyond_number_and_size(void **state)
{
    (void)state;
    struct bed_job job = bed_python("open('big.bin', 'wb').write(b'x' * ((1 << 20) + 1))\n"
                                    "open('fits.bin', 'wb').write(b'x' * (1 << 20))\n"
                                    "for i in range(9): open(f'n{i}', 'w').write('x')\nNone");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    expect(&outcome, SANDBOX_SUCCEEDED, "");
    assert_int_equal(outcome.item_count, 8);
    assert_string_equal(outcome.items[0].name, "fits.bin");
    assert_int_equal(outcome.items[0].body.len, 1 << 20);
    assert_true(bed_contains(&outcome.err, "big.bin has 1048577 bytes and was not handed back"));
    assert_true(bed_contains(&outcome.err, "2 more were made but not handed back"));
}

/* The work folder holds 64 MiB, however it is filled; so does /dev/shm. */
static void the_work_folder_is_full(void **state)
{
    (void)state;
    struct bed_job job =
        bed_python("import os\nfor folder in ('/work/d', '/tmp/d', '/dev/shm/d'):\n"
                   "    total = 0\n    os.makedirs(folder)\n    try:\n        for i in range(40):\n"
                   "            with open(f'{folder}/{i}', 'wb') as f:\n"
                   "                f.write(b'x' * (8 << 20)); total += 8\n"
                   "    except OSError as e: print(total, e.strerror)\n    "
                   "import shutil; shutil.rmtree(folder)");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    assert_string_equal(outcome.out.data, "64 No space left on device\n"
                                          "64 No space left on device\n"
                                          "64 No space left on device\n");
}

static void one_file_is_limited_too(void **state)
{
    (void)state;
    struct bed_job job =
        bed_python("import os\nfor fd in (os.open('/work/big', os.O_CREAT | os.O_WRONLY), "
                   "os.memfd_create('x')):\n    try: os.ftruncate(fd, 1 << 40); print('made')\n"
                   "    except OSError as e: print(e.strerror)");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    assert_string_equal(outcome.out.data, "File too large\nFile too large\n");
}

static void two_hundred_thousand_files(void **state)
{
    (void)state;
    struct bed_job job = bed_python("import os\nfor i in range(200000):\n"
                                    "    os.close(os.open(f'f{i}', os.O_CREAT | os.O_WRONLY))\n"
                                    "print('made')");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_run(&bed, &job, &outcome);
    /* Their memory is the job's: with less of it they are as many as fit. */
    expect(&outcome, SANDBOX_SUCCEEDED, "");
    assert_int_equal(outcome.item_count, 8);
    assert_true(bed_contains(&outcome.err, "199992 more were made but not handed back"));
#ifndef PLAIN_USER
    struct bed_job small = bed_python(job.job.code.data);
    AUTO(bed_outcome) struct bed_outcome cut = {0};
    small.job.limits.memory_bytes = 64 << 20;
    bed_run(&bed, &small, &cut);
    expect(&cut, SANDBOX_FAILED, "memory");
#endif
}

/* Nothing ran, but trying again would not help: no "not started", which means just that. */
static void inputs_that_do_not_fit(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer large = {0};
    while (large.len < 40 << 20)
        buffer_add_text(&large, "0123456789abcdef0123456789abcdef0123456789abcdef");
    struct bed_job job = bed_python("print('ran')");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_add_file(&job, "a.txt", (struct bytes){large.data, large.len});
    bed_add_file(&job, "b.txt", (struct bytes){large.data, large.len});
    bed_run(&bed, &job, &outcome);
    expect(&outcome, SANDBOX_FAILED, "inputs_too_large");
    assert_int_equal(outcome.started, 0);
    job.job.file_count = 1;
#ifndef PLAIN_USER
    AUTO(bed_outcome) struct bed_outcome small = {0};
    job.job.limits.memory_bytes = 30 << 20;
    bed_run(&bed, &job, &small);
    expect(&small, SANDBOX_FAILED, "memory");
    assert_int_equal(small.out.len, 0);
#endif
    job.job.file_count = 2;
    bed_job_close(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_time),
        cmocka_unit_test(processor_time),
        cmocka_unit_test(the_work_folder_is_the_jobs),
        cmocka_unit_test(memory_of_one_process),
        cmocka_unit_test(memory_of_children_together),
        cmocka_unit_test(processes),
        cmocka_unit_test(a_refused_process_is_named),
        cmocka_unit_test(threads_are_processes),
        cmocka_unit_test(a_fork_bomb_ends),
        cmocka_unit_test(no_network),
        cmocka_unit_test(output_at_and_over_the_limit),
        cmocka_unit_test(a_flood_of_output_ends),
        cmocka_unit_test(files_beyond_number_and_size),
        cmocka_unit_test(the_work_folder_is_full),
        cmocka_unit_test(one_file_is_limited_too),
        cmocka_unit_test(two_hundred_thousand_files),
        cmocka_unit_test(inputs_that_do_not_fit),
    };
#ifdef PLAIN_USER
    bed_become_plain();
#endif
    bed_open(&bed, 0, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bed_close(&bed);
    return failed;
}
