/* The worker's end of one sandbox process: its pipes and its control socket. */
#pragma once

#include "worker/sandbox/local/launcher.h"
#include "worker/sandbox/local/launcher_wire.h"

struct cell {
    int control;
    int input;   /* descriptor 0 inside: a socket, so that a closed end raises no signal */
    int output;  /* 1 inside */
    int errors;  /* 2 inside */
    int results; /* 3 inside */
};

#define CELL_NONE ((struct cell){-1, -1, -1, -1, -1})

/* Does not wait for it to boot: what went wrong shows in its report. */
bool cell_start(struct launcher *launcher, const struct launcher_request *request,
                struct cell *ret_cell, struct error *err) MUST_CHECK;
/* Closes everything; the launcher then kills what still lives. CELL_NONE is fine. */
void cell_close(struct cell *cell);

/* Orders to the launcher; any thread. */
void cell_keep_alive(const struct cell *cell, int64_t deadline_ms);
void cell_kill(const struct cell *cell);
bool cell_arm(const struct cell *cell, const struct launcher_limits *limits);

/* The next report. With `wait_ms` 0 only one that is there already. A closed
 * control socket gives no report: the launcher is gone, or had sent its last. */
bool cell_report(const struct cell *cell, int wait_ms, struct launcher_report *ret_report);
/* Waits for one kind of report and skips others. */
bool cell_await(const struct cell *cell, enum launcher_report_kind kind, int wait_ms,
                struct launcher_report *ret_report);

/* The deadline to send for a lease of this length: a little before its end. */
int64_t cell_deadline(int64_t lease_ms);
