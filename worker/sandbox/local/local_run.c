#include "worker/sandbox/local/local_run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "worker/sandbox/frame.h"
#include "worker/sandbox/verdict.h"

#define READ_SIZE 65536
#define REPORT_MS 5000 /* the launcher answers at once; more means that it is gone */
#define PAGE 4096

/* Why a run was stopped from our side. */
enum stop { STOP_NONE, STOP_WALL, STOP_OUTPUT, STOP_CANCEL, STOP_SINK, STOP_RESULTS };

struct run {
    struct sandbox *sandbox;
    const struct sandbox_job *job;
    const struct sandbox_sink *sink;
    struct sandbox_result *result;
    struct frame frame;
    struct results results;
    struct launcher_report report;
    bool reported;      /* the launcher told the end */
    bool lost;          /* the launcher is gone */
    bool sent;          /* the whole frame was written */
    bool input_open;    /* more of the frame may be written */
    int64_t started_us; /* when the first byte of the frame was written; 0 before */
    int64_t ended_us;
    int64_t output_bytes;
    enum stop stop;
};

enum { POLL_CONTROL, POLL_INPUT, POLL_OUTPUT, POLL_ERRORS, POLL_RESULTS, POLL_COUNT };

static void write_frame(struct run *run)
{
    struct bytes next = frame_next(&run->frame);
    if (!run->started_us && next.len > 0)
        run->started_us = clock_monotonic_us();
    ssize_t done = next.len > 0 ? send(run->sandbox->cell.input, next.data, next.len,
                                       MSG_NOSIGNAL | MSG_DONTWAIT)
                                : -1;
    if (done < 0) {
        /* Nothing left to send, or nobody who takes it. */
        if (next.len == 0 || (errno != EAGAIN && errno != EINTR))
            run->input_open = false;
        return;
    }
    frame_wrote(&run->frame, (size_t)done);
    if (run->frame.head_done && !frame_complete(&run->frame))
        FAULT("worker.run.half_frame");
    if (!frame_complete(&run->frame))
        return;
    run->sent = true;
    run->input_open = false;
    shutdown(run->sandbox->cell.input, SHUT_WR);
    if (run->sink->started)
        run->sink->started(run->sink->context);
}

/* False at the end of the stream, or when nothing is there now. */
static bool read_some(int fd, char *ret_data, size_t *ret_len)
{
    ssize_t got = read(fd, ret_data, READ_SIZE);
    *ret_len = got > 0 ? (size_t)got : 0;
    return got > 0;
}

static void take_output(struct run *run, int *fd, enum sandbox_stream stream)
{
    char data[READ_SIZE];
    size_t len;
    if (!read_some(*fd, data, &len)) {
        if (errno != EAGAIN)
            *fd = -1;
        return;
    }
    int64_t room = run->job->limits.output_bytes - run->output_bytes;
    if ((int64_t)len > room) {
        FAULT("worker.run.output_cap");
        run->stop = STOP_OUTPUT;
        run->result->output_truncated = true;
        len = room > 0 ? (size_t)room : 0;
    }
    run->output_bytes += (int64_t)len;
    if (len > 0 && !run->sink->stream(run->sink->context, stream, (struct bytes){data, len}))
        run->stop = STOP_SINK;
}

static void take_results(struct run *run, int *fd)
{
    char data[READ_SIZE];
    size_t len;
    if (!read_some(*fd, data, &len)) {
        if (errno != EAGAIN)
            *fd = -1;
        return;
    }
    results_take(&run->results, (struct bytes){data, len}, run->sink);
    if (run->results.sink_failed)
        run->stop = STOP_SINK;
    else if (run->results.state == RESULTS_BAD)
        run->stop = STOP_RESULTS;
}

static void take_report(struct run *run)
{
    struct launcher_report report;
    if (!cell_report(&run->sandbox->cell, 0, &report)) {
        run->lost = true;
    } else if (report.kind == REPORT_ENDED) {
        run->report = report;
        run->reported = true;
    }
}

static bool over(const struct run *run)
{
    return run->stop != STOP_NONE || run->reported || run->lost ||
           run->results.state == RESULTS_ENDED;
}

/* -1: no limit yet, the code has not begun to leave. */
static int time_left(struct run *run)
{
    if (!run->started_us)
        return -1;
    int64_t end_us = run->started_us + 1000 * run->job->limits.wall_ms;
    int64_t left_us = end_us - clock_monotonic_us();
    if (left_us <= 0 && run->stop == STOP_NONE)
        run->stop = STOP_WALL;
    return left_us > 0 ? (int)(left_us / 1000 + 1) : 0;
}

static void step(struct run *run, struct pollfd polls[POLL_COUNT])
{
    polls[POLL_INPUT].fd = run->input_open ? run->sandbox->cell.input : -1;
    if (poll(polls, POLL_COUNT, time_left(run)) < 0)
        return;
    if (atomic_load(&run->sandbox->cancelled)) {
        run->stop = STOP_CANCEL;
        return;
    }
    if (polls[POLL_INPUT].revents)
        write_frame(run);
    errno = 0;
    if (polls[POLL_OUTPUT].revents)
        take_output(run, &polls[POLL_OUTPUT].fd, SANDBOX_STDOUT);
    errno = 0;
    if (polls[POLL_ERRORS].revents && run->stop == STOP_NONE)
        take_output(run, &polls[POLL_ERRORS].fd, SANDBOX_STDERR);
    errno = 0;
    if (polls[POLL_RESULTS].revents && run->stop == STOP_NONE)
        take_results(run, &polls[POLL_RESULTS].fd);
    if (polls[POLL_CONTROL].revents)
        take_report(run);
}

/* What was written before the end lies in the pipes still. Whoever is alive
 * could fill them for ever: the cap on output and one pipe's size bound this. */
static void drain(struct run *run, struct pollfd polls[POLL_COUNT])
{
    const int order[] = {POLL_RESULTS, POLL_OUTPUT, POLL_ERRORS};
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        struct pollfd *now = &polls[order[i]];
        for (int turns = 0; turns < 64 && now->fd >= 0 && run->stop == STOP_NONE; turns++) {
            if (poll(&(struct pollfd){.fd = now->fd, .events = POLLIN}, 1, 0) <= 0)
                break;
            errno = 0;
            if (order[i] == POLL_RESULTS)
                take_results(run, &now->fd);
            else
                take_output(run, &now->fd,
                            order[i] == POLL_OUTPUT ? SANDBOX_STDOUT : SANDBOX_STDERR);
        }
    }
}

/* It ended by itself, told from inside; the launcher may know why better. */
static void judge_told_end(struct run *run)
{
    struct sandbox_result *result = run->result;
    verdict_told(result, &run->results.end);
    /* A killed child is a hole in the answer, whatever the rest says. */
    if (run->report.memory_kills > 0)
        verdict_set(result, SANDBOX_FAILED, "memory");
    else if (run->report.pids_refused > 0 && result->outcome == SANDBOX_FAILED &&
             strcmp(result->reason, "memory") != 0)
        verdict_set(result, SANDBOX_FAILED, "processes");
}

/* It ended without a word from inside. bubblewrap passes a signal on as 128 + n. */
static void judge_silent_end(struct run *run)
{
    struct sandbox_result *result = run->result;
    int status = run->report.wait_status;
    if (WIFEXITED(status))
        verdict_silent(result, WEXITSTATUS(status));
    else /* bubblewrap itself was killed: nothing inside can do that */
        verdict_set(result, SANDBOX_UNKNOWN, "sandbox_lost");
    if (run->report.memory_kills > 0)
        verdict_set(result, SANDBOX_FAILED, "memory");
}

/* For which limit the launcher killed it; NULL: for none. */
static const char *limit_passed(const struct run *run)
{
    enum launcher_cause cause = run->report.cause;
    return cause == CAUSE_MEMORY ? "memory" : cause == CAUSE_CPU ? "cpu_time" : NULL;
}

/* Inputs that alone are too much for the memory would be so again: no use to try again. */
static void judge_not_sent(struct run *run)
{
    const char *limit = run->report.memory_kills > 0 ? "memory" : limit_passed(run);
    if (limit)
        verdict_set(run->result, SANDBOX_FAILED, limit);
    else
        verdict_set(run->result, SANDBOX_NOT_STARTED, "not_started");
}

/* Nobody said that it is dead, so it may be running still; or nobody looked after it. */
static bool is_unknown(const struct run *run)
{
    if (run->stop == STOP_NONE && run->results.state == RESULTS_ENDED)
        return false;
    return !run->reported || (run->stop == STOP_NONE && run->report.cause == CAUSE_KEEP_ALIVE);
}

static void judge(struct run *run)
{
    static const struct {
        enum sandbox_outcome outcome;
        const char *reason;
    } stops[] = {
        [STOP_WALL] = {SANDBOX_TIMED_OUT, "wall_time"},
        [STOP_OUTPUT] = {SANDBOX_FAILED, "output"},
        [STOP_CANCEL] = {SANDBOX_CANCELLED, "cancelled"},
        [STOP_SINK] = {SANDBOX_UNKNOWN, "output_lost"},
        [STOP_RESULTS] = {SANDBOX_FAILED, "bad_results"},
    };
    struct sandbox_result *result = run->result;
    bool told = run->results.state == RESULTS_ENDED;
    result->exit_code = -1;
    if (run->sent && is_unknown(run))
        verdict_set(result, SANDBOX_UNKNOWN, "sandbox_lost");
    else if (run->stop == STOP_CANCEL || (run->stop != STOP_NONE && run->sent))
        verdict_set(result, stops[run->stop].outcome, stops[run->stop].reason);
    else if (!run->sent)
        judge_not_sent(run);
    else if (told)
        judge_told_end(run);
    else if (limit_passed(run))
        verdict_set(result, SANDBOX_FAILED, limit_passed(run));
    else
        judge_silent_end(run);
    if (run->report.memory_kills > 0 && run->stop == STOP_WALL)
        verdict_set(result, SANDBOX_FAILED, "memory");
}

/* Kills what is left of it and takes the launcher's figures. */
static void finish(struct run *run)
{
    struct cell *cell = &run->sandbox->cell;
    struct sandbox_result *result = run->result;
    run->ended_us = clock_monotonic_us();
    if (!run->reported && !run->lost) {
        cell_kill(cell);
        run->reported = cell_await(cell, REPORT_ENDED, REPORT_MS, &run->report);
    }
    FAULT("worker.run.exit_seen");
    result->cpu_ms = run->report.cpu_us / 1000;
    result->memory_peak_bytes = run->report.memory_peak_bytes;
    if (run->started_us)
        result->duration_ms = (run->ended_us - run->started_us) / 1000;
    judge(run);
}

/* Likewise inputs for which the work folder is too small. */
static bool inputs_fit(const struct sandbox *sandbox, const struct sandbox_job *job,
                       struct sandbox_result *ret_result)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < job->file_count; i++)
        sum += (job->files[i].size + PAGE - 1) / PAGE * PAGE;
    if (sandbox->input_max == 0 || sum <= (uint64_t)sandbox->input_max)
        return true;
    verdict_set(ret_result, SANDBOX_FAILED, "inputs_too_large");
    ret_result->exit_code = -1;
    snprintf(ret_result->error_value, sizeof ret_result->error_value,
             "the input files have %llu bytes; the work folder holds %llu", (unsigned long long)sum,
             (unsigned long long)sandbox->input_max);
    return false;
}

void local_run(struct sandbox *sandbox, const struct sandbox_job *job,
               const struct sandbox_sink *sink, struct sandbox_result *ret_result)
{
    *ret_result = (struct sandbox_result){0};
    if (!inputs_fit(sandbox, job, ret_result))
        return;
    struct run run = {
        .sandbox = sandbox, .job = job, .sink = sink, .result = ret_result, .input_open = true};
    struct error err = {0};
    results_start(&run.results, &job->limits);
    if (sandbox->warm)
        run.results.state = RESULTS_READY;
    if (!frame_start(&run.frame, job, &err))
        run.lost = true;
    struct pollfd polls[POLL_COUNT] = {
        [POLL_CONTROL] = {.fd = sandbox->cell.control, .events = POLLIN},
        [POLL_INPUT] = {.events = POLLOUT},
        [POLL_OUTPUT] = {.fd = sandbox->cell.output, .events = POLLIN},
        [POLL_ERRORS] = {.fd = sandbox->cell.errors, .events = POLLIN},
        [POLL_RESULTS] = {.fd = sandbox->cell.results, .events = POLLIN},
    };
    while (!over(&run))
        step(&run, polls);
    if (run.stop == STOP_NONE)
        drain(&run, polls);
    finish(&run);
    frame_auto(&run.frame);
    results_auto(&run.results);
}
