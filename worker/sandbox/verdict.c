#include "worker/sandbox/verdict.h"

#include <stdio.h>
#include <string.h>

#define SIGNALS 65

void verdict_set(struct sandbox_result *result, enum sandbox_outcome outcome, const char *reason)
{
    result->outcome = outcome;
    snprintf(result->reason, sizeof result->reason, "%s", reason);
}

/* What Python says when it may not start another process or thread. */
static bool told_of_processes(const struct results_end *end)
{
    return (strcmp(end->error_name, "BlockingIOError") == 0 &&
            strstr(end->error_value, "temporarily unavailable")) ||
           (strcmp(end->error_name, "RuntimeError") == 0 &&
            strstr(end->error_value, "start new thread"));
}

void verdict_told(struct sandbox_result *result, const struct results_end *end)
{
    result->exit_code = end->exit_code;
    snprintf(result->error_name, sizeof result->error_name, "%s", end->error_name);
    snprintf(result->error_value, sizeof result->error_value, "%s", end->error_value);
    if (strcmp(end->error_name, "MemoryError") == 0)
        verdict_set(result, SANDBOX_FAILED, "memory");
    else if (end->exit_code == 0 && !end->error_name[0])
        verdict_set(result, SANDBOX_SUCCEEDED, "");
    else if (told_of_processes(end))
        verdict_set(result, SANDBOX_FAILED, "processes");
    else
        verdict_set(result, SANDBOX_FAILED, end->error_name[0] ? "exception" : "exit_code");
}

void verdict_silent(struct sandbox_result *result, int code)
{
    result->exit_code = code;
    if (code > 128 && code < 128 + SIGNALS) {
        result->term_signal = code - 128;
        result->exit_code = -1;
        verdict_set(result, SANDBOX_FAILED, "signal");
    } else {
        verdict_set(result, SANDBOX_FAILED, code == 0 ? "ended_early" : "exit_code");
    }
}
