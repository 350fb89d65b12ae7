/* The life of one local sandbox, from the frame to its last report. */
#pragma once

#include <stdatomic.h>

#include "worker/sandbox/local/cell.h"
#include "worker/sandbox/results.h"
#include "worker/sandbox/sandbox.h"

struct sandbox {
    struct cell cell;
    bool warm;
    int64_t input_max; /* bytes of input files that its work folder holds; 0: not checked */
    void *owner;
    atomic_bool cancelled;
};

/* As `run` of struct sandbox_backend. */
void local_run(struct sandbox *sandbox, const struct sandbox_job *job,
               const struct sandbox_sink *sink, struct sandbox_result *ret_result);
