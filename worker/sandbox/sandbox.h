/* What every sandbox backend takes and gives: one job in, one result out. */
#pragma once

#include "common/base/error.h"
#include "worker/sandbox/job.h"

enum sandbox_outcome {
    SANDBOX_NOT_STARTED, /* the worker itself wrote fewer than all bytes of the frame */
    SANDBOX_SUCCEEDED,
    SANDBOX_FAILED, /* exception, exit code other than 0, a signal, a limit */
    SANDBOX_TIMED_OUT,
    SANDBOX_CANCELLED,
    SANDBOX_UNKNOWN,
};

/* Everything about the end of a run but its bytes, which went to the sink. */
struct sandbox_result {
    enum sandbox_outcome outcome;
    int exit_code;        /* -1 when ended by a signal */
    int term_signal;      /* 0 when it exited */
    char reason[32];      /* stable word for people and SQL: "", "exception", "exit_code",
                             "memory", "wall_time", "output", "processes", "lost", … */
    char error_name[128]; /* of a language error: "ZeroDivisionError" */
    char error_value[512];
    int64_t duration_ms; /* from the first byte of code to the end */
    int64_t cpu_ms;
    int64_t memory_peak_bytes; /* 0: not known */
    bool output_truncated;
};

enum sandbox_stream { SANDBOX_STDOUT, SANDBOX_STDERR };

/* Takes the output as it comes, always from the thread that called `run`. A
 * false return stops the run (the cap was reached or our database is away). */
struct sandbox_sink {
    void *context;
    /* Once, when the last byte of the frame was written: the code may now run. */
    void (*started)(void *context);
    bool (*stream)(void *context, enum sandbox_stream stream, struct bytes chunk);
    /* One item: kind "table", "chart", "file", "result" (last expression) or
     * "traceback"; mime; a plain file name or "". Then its bytes in pieces of
     * at most 1 MiB, then end. */
    bool (*item_begin)(void *context, const char *kind, const char *mime, const char *name);
    bool (*item_bytes)(void *context, struct bytes chunk);
    bool (*item_end)(void *context);
};

struct sandbox; /* one sandbox, of any backend; each backend defines its own */

/* One backend. Calls of one sandbox come from one thread, except cancel and
 * keep_alive: those come from any thread, never after destroy was called. */
struct sandbox_backend {
    const char *name; /* "local" */
    const char *image;
    void *context;
    bool (*ready)(void *context, char ret_why_not[160]); /* preflight or breaker state */
    /* Prepares a sandbox; no code has left yet. Caller frees with destroy. */
    bool (*create)(void *context, const struct sandbox_job *job, struct sandbox **ret_sandbox,
                   struct error *err);
    /* Sends code and inputs and waits for the end. Only after `starting` is
     * durable. Never fails: what went wrong is in the result. */
    void (*run)(struct sandbox *sandbox, const struct sandbox_job *job,
                const struct sandbox_sink *sink, struct sandbox_result *ret_result);
    void (*cancel)(struct sandbox *sandbox); /* any thread; run returns soon after */
    /* Leaves nothing behind, whatever state it is in. */
    void (*destroy)(struct sandbox *sandbox);
    /* Keeps the sandbox alive until `lease_ms` from now; the launcher kills a
     * local sandbox whose keep-alive stops. NULL where the service has its own. */
    void (*keep_alive)(struct sandbox *sandbox, int64_t lease_ms);
};
