/* Messages between the worker and its launcher: same host, same program, native layout. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LAUNCHER_FDS 5 /* control socket, then what becomes descriptors 0, 1, 2 and 3 */

/* None of these has padding: what lay on the sender's stack would be sent in it. */
struct launcher_limits {
    int64_t memory_bytes;
    int64_t pids;
    int64_t cpu_ms;    /* processor time of all processes together; 0: not limited */
    int64_t tmp_bytes; /* size of the work folder, fixed at the start; 0: the launcher's own */
};

/* On the launcher's main socket, with LAUNCHER_FDS descriptors: start one. */
struct launcher_request {
    struct launcher_limits limits;
    int64_t deadline_ms; /* monotonic clock: killed then unless kept alive */
    int64_t warm;        /* a bool: boots at a lower priority and imports before it waits */
};

/* On a sandbox's own control socket, from the worker. Its end of file kills. */
enum launcher_order_kind { ORDER_KEEP_ALIVE, ORDER_ARM, ORDER_KILL };

struct launcher_order {
    int64_t kind;                  /* enum launcher_order_kind */
    int64_t deadline_ms;           /* of ORDER_KEEP_ALIVE */
    struct launcher_limits limits; /* of ORDER_ARM: those of the job, before its code is sent */
};

/* On a sandbox's own control socket, to the worker: one REPORT_ARMED for each
 * ORDER_ARM, one REPORT_ENDED last. */
enum launcher_report_kind { REPORT_ARMED, REPORT_ENDED };

enum launcher_cause {
    CAUSE_EXIT,        /* it ended by itself: wait_status holds */
    CAUSE_ORDER,       /* ORDER_KILL */
    CAUSE_KEEP_ALIVE,  /* nobody kept it alive */
    CAUSE_MEMORY,      /* over its memory, where no cgroup says so */
    CAUSE_CPU,         /* over its processor time */
    CAUSE_NOT_STARTED, /* the launcher could not start it */
};

struct launcher_report {
    enum launcher_report_kind kind;
    int armed;        /* of REPORT_ARMED, a bool: the limits hold */
    int64_t host_uid; /* of REPORT_ARMED: user id outside of what runs inside; -1 unknown */
    enum launcher_cause cause;
    int wait_status;
    int64_t cpu_us;
    int64_t memory_peak_bytes; /* 0: not known */
    int64_t memory_kills;
    int64_t pids_refused;
    char text[120]; /* why it was not started or armed */
};
