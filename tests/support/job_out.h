/* What came of a job, kept whole and written as one line of JSON. */
#pragma once

#include <stdio.h>

#include "common/base/json.h"
#include "worker/sandbox/result.h"

struct job_out {
    struct sandbox_result result;
    struct buffer streams[2]; /* by enum sandbox_stream */
    json_t *items;
    json_t *item; /* the one that is being handed over */
    struct buffer body;
    int started; /* times that the sink was told so */
    bool created;
    struct error create_error;
    int64_t retry_after_ms; /* -1: create said nothing */
    char *reference;        /* NULL: the backend has none */
    int64_t create_ms;
    int64_t whole_ms; /* create to the end of destroy */
    void (*on_output)(void *context);
    void *context;
};

void job_out_start(struct job_out *out);
void job_out_auto(struct job_out *out);
struct sandbox_sink job_out_sink(struct job_out *out);
/* Text that is no UTF-8 is left out; its bytes are then in stdout_base64 or stderr_base64. */
void job_out_print(const struct job_out *out, FILE *to);
