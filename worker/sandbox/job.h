/* What a sandbox is given to run: code, input files, limits. */
#pragma once

#include <stdatomic.h>

#include "common/base/bytes.h"
#include "common/domain/bundle.h"

/* An input file. `fd` is a sealed memfd: the bytes that were hashed are the
 * bytes that are sent. Owned by the caller of the backend. */
struct sandbox_file {
    char name[256]; /* plain file name, checked: no '/', no leading dot */
    int fd;
    uint64_t size;
    uint8_t sha256[SHA256_SIZE];
};

struct sandbox_usage;

struct sandbox_job {
    int64_t attempt_id;
    int64_t fence;
    int64_t request_id;
    const char *instance;     /* id of our database; [A-Za-z0-9-]; part of every label */
    const char *image;        /* what was approved: template or snapshot of a service */
    const char *image_digest; /* what was approved of its packages; "" or NULL: nobody knew */
    const char *language;     /* "python" or "sql" */
    struct bytes code;
    const struct sandbox_file *files;
    size_t file_count;
    struct bundle_limits limits;
    int64_t elapsed_ms;           /* attach: since the code may have left */
    const atomic_bool *cancelled; /* set from any thread: `create` and `attach` return soon after */
    int64_t *retry_after_ms; /* before the start: how long the service wants us away; -1: unsaid */
    /* create: what was used up to its return of a sandbox that was made, also when it is gone
     * again; left alone when none was. NULL: nobody asks. */
    struct sandbox_usage *made;
};
