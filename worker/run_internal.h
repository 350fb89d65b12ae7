/* What run.c, run_end.c and adopt.c share: one attempt in its slot. */
#pragma once

#include "common/base/log.h"
#include "worker/output.h"
#include "worker/transition.h"

struct run {
    struct worker *worker;
    struct slot *slot;
    struct attempt *attempt;
    struct sandbox_job job;
    struct backend *backend;
    struct backend_pass pass;
    int64_t retry_after_ms; /* what the service asked for; -1 when it did not */
    struct sandbox *sandbox;
    struct sandbox_usage made; /* of a sandbox, up to made_ms; ms 0: none was made */
    int64_t made_ms;           /* monotonic */
    struct output output;
};

#define RUN_RETRY_FIRST_MS 50

void run_log(const struct run *run, enum log_level level, const char *event, const char *text);
/* True while the same call is worth another try; waits before it. */
bool run_wait_to_retry(const struct run *run, const struct error *err, int64_t *io_retry_ms);
/* ERR_CONFLICT when there is no use in going on. */
bool run_may_go_on(const struct run *run, struct error *err) MUST_CHECK;
/* A place and a permit of the backend; waits for the place. */
bool run_enter(struct run *run, struct error *err) MUST_CHECK;

/* Only while the worker itself wrote less than the whole start. Adds what its sandbox has used.
 * What can not be given back returns by itself, or becomes unknown, when its lease ends. */
void run_give_back(struct run *run, const struct transition_release *release);
void run_refuse(struct run *run, const char *why);

/* What becomes of the sandbox of a run that is over. */
enum run_end {
    RUN_WRITE,   /* the end is written down, the sandbox goes */
    RUN_ABANDON, /* the code may still run: another worker takes it up */
    RUN_FORGET,  /* nothing may be written, the sandbox goes */
};
enum run_end run_judge(const struct run *run, const struct sandbox_result *result,
                       struct transition_end *ret_end);
/* Tries until it is durable or refused: nothing else may hold the result. What is
 * refused may be another worker's by now: RUN_ABANDON. */
enum run_end run_finish(struct run *run, struct transition_end *end);
/* Destroys it, or leaves it to others. */
void run_drop_sandbox(struct run *run, enum run_end end);
/* The sink that hands everything to run->output; `started` is given the run. */
struct sandbox_sink run_sink(struct run *run, void (*started)(void *context));
/* Tells the breaker that its service has taken the run up, at once: the end may be far. */
void run_works(struct run *run);
/* Tells the breaker how a run went, or why there is none. */
void run_leave(struct run *run, const struct sandbox_result *result);
void run_blame(struct run *run, const struct error *err);
