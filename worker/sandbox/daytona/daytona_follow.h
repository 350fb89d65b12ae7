/* Follows a command in a Daytona session to its end, by polling: what it prints, how it ended. */
#pragma once

#include "worker/sandbox/daytona/daytona_sandbox.h"
#include "worker/sandbox/daytona/daytona_log.h"
#include "worker/sandbox/remote.h"

/* Why it was left before its own end. */
enum daytona_stop {
    DAYTONA_STOP_NONE,
    DAYTONA_STOP_WALL,
    DAYTONA_STOP_OUTPUT,
    DAYTONA_STOP_CANCEL,
    DAYTONA_STOP_SINK,
    DAYTONA_STOP_LOST
};

struct daytona_run {
    struct sandbox *sandbox;
    const struct sandbox_job *job;
    const struct sandbox_sink *sink;
    struct sandbox_result *result;
    struct remote remote;
    bool resumed;       /* another worker began it */
    bool told_start;    /* the sink knows */
    int64_t started_ms; /* monotonic; when the start had left, or it was taken up */
    int64_t output_bytes;
    int64_t trouble_ms; /* since then no poll was answered well; 0: all is well */
    int64_t busy_ms;    /* the service wants to be left alone for so long; 0 */
    bool gateway;       /* the last poll was answered by 502: nobody answers in the sandbox */
    bool missing;       /* the last poll said that there is no such command */
    bool exited;
    int exit_code; /* 0 to 255 */
    enum daytona_stop stop;
    struct daytona_log log;
    struct results results;
    uint64_t results_seen; /* bytes of the results file that were taken */
    uint64_t results_at;   /* of the download that is under way */
};

/* The sandbox's command is known, or `stop` is set. Sets all of the result but
 * the usage. */
void daytona_follow(struct daytona_run *run);
