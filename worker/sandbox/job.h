/* What a sandbox is given to run: code, input files, limits. */
#pragma once

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

struct sandbox_job {
    int64_t attempt_id;
    int64_t fence;
    const char *label;    /* unique per attempt and fence; remote backends store it */
    const char *language; /* "python" or "sql" */
    struct bytes code;
    const struct sandbox_file *files;
    size_t file_count;
    struct bundle_limits limits;
};
