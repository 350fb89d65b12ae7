/* The frame: the code is the start signal, so a frame that is not whole and right runs nothing. */
/* Proves: T17 */
#include "tests/unit/cmocka_all.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/bed.h"
#include "worker/sandbox/local/cell.h"
#include "worker/sandbox/frame.h"

#define TOGETHER 16 /* sandboxes at once */
#define NOTHING_RUN 120

static struct bed bed;

static void encode(const struct sandbox_job *job, struct buffer *ret_frame)
{
    struct frame frame;
    struct error err = {0};
    assert_true(frame_start(&frame, job, &err));
    for (struct bytes next; (next = frame_next(&frame)).len > 0;) {
        size_t some = next.len > 7 ? 7 : next.len; /* as a slow reader would take it */
        buffer_add(ret_frame, next.data, some);
        frame_wrote(&frame, some);
    }
    assert_true(frame_complete(&frame));
    frame_auto(&frame);
}

static void small_job(struct bed_job *ret_job)
{
    *ret_job = bed_python("print('ran')");
    bed_add_file(ret_job, "a.csv", bytes_of("x\n1\n"));
    ret_job->job.files = ret_job->files;
}

static struct cell start_cell(void)
{
    struct cell cell;
    struct error err = {0};
    struct launcher_request request = {.limits = {.memory_bytes = 256 << 20, .pids = 16},
                                       .deadline_ms = cell_deadline(30000)};
    assert_true(cell_start(bed.launcher, &request, &cell, &err));
    return cell;
}

/* Everything that a pipe gives until its end. */
static void read_all(int fd, struct buffer *ret_bytes)
{
    char data[4096];
    for (ssize_t got; (got = read(fd, data, sizeof data)) > 0;)
        buffer_add(ret_bytes, data, (size_t)got);
}

/* Ended by itself, said nothing but that it had booted, and did not run the code. */
static bool ran_nothing(struct cell *cell)
{
    AUTO(buffer) struct buffer out = {0};
    AUTO(buffer) struct buffer results = {0};
    struct launcher_report report;
    assert_true(cell_await(cell, REPORT_ENDED, 20000, &report));
    read_all(cell->output, &out);
    read_all(cell->results, &results);
    cell_close(cell);
    return report.cause == CAUSE_EXIT && WIFEXITED(report.wait_status) &&
           WEXITSTATUS(report.wait_status) == NOTHING_RUN && out.len == 0 && results.len == 13 &&
           results.data[0] == 'R';
}

static void send_all(const struct cell *cell, const char *data, size_t len)
{
    assert_int_equal(send(cell->input, data, len, MSG_NOSIGNAL), (ssize_t)len);
    shutdown(cell->input, SHUT_WR);
}

static void whole_frame_runs(void **state)
{
    (void)state;
    struct bed_job job;
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    small_job(&job);
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(outcome.out.data, "ran\n");
    assert_int_equal(outcome.started, 1);
    bed_job_close(&job);
}

static void truncated_at_every_byte_runs_nothing(void **state)
{
    (void)state;
    struct bed_job job;
    AUTO(buffer) struct buffer frame = {0};
    small_job(&job);
    encode(&job.job, &frame);
    assert_in_range(frame.len, 150, 400);
    for (size_t first = 0; first < frame.len; first += TOGETHER) {
        struct cell cells[TOGETHER];
        size_t count = frame.len - first < TOGETHER ? frame.len - first : TOGETHER;
        for (size_t i = 0; i < count; i++) {
            cells[i] = start_cell();
            send_all(&cells[i], frame.data, first + i);
        }
        for (size_t i = 0; i < count; i++)
            if (!ran_nothing(&cells[i]))
                fail_msg("cut after %zu of %zu bytes", first + i, frame.len);
    }
    bed_job_close(&job);
}

static void changed_at_every_byte_runs_nothing(void **state)
{
    (void)state;
    struct bed_job job;
    AUTO(buffer) struct buffer frame = {0};
    small_job(&job);
    encode(&job.job, &frame);
    for (size_t first = 0; first < frame.len; first += TOGETHER) {
        struct cell cells[TOGETHER];
        size_t count = frame.len - first < TOGETHER ? frame.len - first : TOGETHER;
        for (size_t i = 0; i < count; i++) {
            cells[i] = start_cell();
            frame.data[first + i] ^= 1;
            send_all(&cells[i], frame.data, frame.len);
            frame.data[first + i] ^= 1;
        }
        for (size_t i = 0; i < count; i++)
            if (!ran_nothing(&cells[i]))
                fail_msg("byte %zu of %zu changed", first + i, frame.len);
    }
    bed_job_close(&job);
}

static void names_that_are_not_plain_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"", ".x", "../x", "a/b", "a\nfile 3 b", "a\x7f"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bed_job job = bed_python("1");
        AUTO(bed_outcome) struct bed_outcome outcome = {0};
        bed_add_file(&job, names[i], bytes_of("1"));
        bed_run(&bed, &job, &outcome);
        assert_int_equal(outcome.result.outcome, SANDBOX_NOT_STARTED);
        assert_int_equal(outcome.started, 0);
        bed_job_close(&job);
    }
}

/* The file shrank behind our back: fewer than all bytes leave, so nothing is started. */
static void short_input_file_is_not_started(void **state)
{
    (void)state;
    struct bed_job job = bed_python("print('ran')");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_add_file(&job, "a.bin", bytes_of("12345"));
    job.files[0].size = 6;
    job.job.limits.wall_ms = 400; /* the rest will never come */
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_NOT_STARTED);
    assert_string_equal(outcome.result.reason, "not_started");
    assert_int_equal(outcome.out.len, 0);
    bed_job_close(&job);
}

static void large_inputs_arrive_whole(void **state)
{
    (void)state;
    size_t size = 20 << 20;
    AUTO(buffer) struct buffer content = {0};
    while (content.len < size)
        buffer_printf(&content, "%zu,", content.len);
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX];
    sha256((struct bytes){content.data, content.len}, digest);
    hex_encode(digest, sizeof digest, hex);
    struct bed_job job =
        bed_python("import hashlib; hashlib.sha256(open('big.txt','rb').read()).hexdigest()");
    AUTO(bed_outcome) struct bed_outcome outcome = {0};
    bed_add_file(&job, "big.txt", (struct bytes){content.data, content.len});
    bed_run(&bed, &job, &outcome);
    assert_int_equal(outcome.result.outcome, SANDBOX_SUCCEEDED);
    assert_string_equal(bed_item(&outcome, "result", 0)->body.data, hex);
    bed_job_close(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_frame_runs),
        cmocka_unit_test(truncated_at_every_byte_runs_nothing),
        cmocka_unit_test(changed_at_every_byte_runs_nothing),
        cmocka_unit_test(names_that_are_not_plain_are_refused),
        cmocka_unit_test(short_input_file_is_not_started),
        cmocka_unit_test(large_inputs_arrive_whole),
    };
    bed_open(&bed, 0, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bed_close(&bed);
    return failed;
}
