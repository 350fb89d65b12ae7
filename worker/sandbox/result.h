/* What comes out of a run: its end, and a sink for everything it hands back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum sandbox_outcome {
    SANDBOX_NOT_STARTED, /* the worker itself wrote fewer than all bytes of the start */
    SANDBOX_SUCCEEDED,
    SANDBOX_FAILED, /* exception, exit code other than 0, a signal, a limit */
    SANDBOX_TIMED_OUT,
    SANDBOX_CANCELLED,
    SANDBOX_UNKNOWN,
};

/* What a service will charge for; 0 is not known. */
struct sandbox_usage {
    double cpu; /* virtual processors */
    int64_t memory_mib;
    int64_t disk_gib;
    int64_t ms; /* from create to the end */
};

/* Everything about the end of a run but its bytes, which went to the sink. */
struct sandbox_result {
    enum sandbox_outcome outcome;
    int exit_code;        /* -1 when ended by a signal */
    int term_signal;      /* 0 when it exited */
    char reason[32];      /* stable word for people and SQL: "", "exception", "exit_code",
                             "memory", "wall_time", "output", "service_lost", … */
    char error_name[128]; /* of a language error: "ZeroDivisionError" */
    char error_value[512];
    int64_t duration_ms; /* from the first byte of code to the end */
    int64_t cpu_ms;
    int64_t memory_peak_bytes; /* 0: not known */
    bool output_truncated;
    bool service_fault; /* the service is to blame, not the code: the breaker counts it */
    struct sandbox_usage usage;
};

enum sandbox_stream { SANDBOX_STDOUT, SANDBOX_STDERR };

/* Takes the output as it comes, always from the thread that called `run`. A
 * false return stops the run (the cap was reached or our database is away). */
struct sandbox_sink {
    void *context;
    /* Once, when the last byte of the start was written: the code may now run. */
    void (*started)(void *context);
    bool (*stream)(void *context, enum sandbox_stream stream, struct bytes chunk);
    /* One item: kind "table", "chart", "file", "result" (last expression) or
     * "traceback"; mime; a plain file name or "". Then its bytes in pieces of
     * at most 1 MiB, then end. */
    bool (*item_begin)(void *context, const char *kind, const char *mime, const char *name);
    bool (*item_bytes)(void *context, struct bytes chunk);
    bool (*item_end)(void *context);
};
