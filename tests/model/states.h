/* What requests, runs and moments can be. */
#pragma once

#include <stdbool.h>
#include <string.h>

/* In this order: before it runs, while it does, and its ends. */
enum request_state {
    REQUEST_PENDING,
    REQUEST_CHANGES,
    REQUEST_APPROVED,
    REQUEST_RUNNING,
    REQUEST_UNKNOWN,
    REQUEST_REJECTED,
    REQUEST_CANCELLED,
    REQUEST_EXPIRED,
    REQUEST_SUCCEEDED,
    REQUEST_FAILED
};
enum run_state {
    RUN_READY,
    RUN_CLAIMED,
    RUN_STARTING,
    RUN_RUNNING, /* up to here it is live */
    RUN_UNKNOWN,
    RUN_SUCCEEDED,
    RUN_FAILED,
    RUN_TIMED_OUT,
    RUN_CANCELLED
};
enum moment { NEVER, AHEAD, PAST };
enum remote { REMOTE_NONE, REMOTE_FINDABLE, REMOTE_PRICE, REMOTE_WRONG };
enum backend { LOCAL, E2B, DAYTONA, BACKENDS };
enum verdict { APPROVE, REJECT, ASK_CHANGES };

static inline bool same_text(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}
