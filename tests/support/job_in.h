/* A job for one backend, read from JSON: what run_job is told to do. */
#pragma once

#include "common/base/json.h"
#include "worker/sandbox/job.h"

#define JOB_IN_FILES 16

/* Fields of the JSON: language, code or code_base64, files [{name, base64}], limits {wall_ms, …},
 * image, instance, attempt_id, fence, cancel_after_ms (from the call of create on),
 * cancel_on_output (the first byte of output cancels), reference (attach instead of create). */
struct job_in {
    json_t *root;
    struct sandbox_job job;
    struct buffer code;
    struct sandbox_file files[JOB_IN_FILES];
    int64_t cancel_after_ms; /* -1: never */
    bool cancel_on_output;
    const char *reference; /* NULL: create */
};

/* Limits that are not said: 30 s, 1 GiB, 64 processes, 1 MiB of output, 8 files of 8 MiB. */
bool job_in_read(struct bytes text, struct job_in *ret_job, struct error *err) MUST_CHECK;
void job_in_auto(struct job_in *job);
