/* One cell run by the code interpreter of a sandbox: its stream, and how that came to an end. */
#pragma once

#include "worker/sandbox/e2b/e2b_events.h"
#include "worker/sandbox/e2b/e2b_internal.h"

enum e2b_end {
    E2B_TOLD,        /* end_of_execution came */
    E2B_NOT_STARTED, /* not one byte of it left */
    E2B_THROTTLED,   /* likewise: the service wants to be asked less */
    E2B_TIMED_OUT,   /* and its stream was alive up to then */
    E2B_CANCELLED,
    E2B_OVER,    /* more output than may be */
    E2B_SINK,    /* whoever takes the output failed */
    E2B_REFUSED, /* the service said clearly that it runs no such thing */
    E2B_LOST,
};

struct e2b_cell {
    struct bytes code;
    int64_t wall_ms;
    void (*started)(void *context); /* may be NULL */
    void *context;
};

/* Blocks until the end. `ret_clean`: the connection's end was read too, so that the next cell is
 * not taken for part of this one. */
enum e2b_end e2b_execute(struct sandbox *sandbox, const struct e2b_cell *cell,
                         struct e2b_events *events, bool *ret_clean);
