/* What an approval binds: the canonical bytes of everything a run depends on,
 * and their digest. sql/functions/bundle.sql builds the same bytes; a test
 * holds the two against each other. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/crypto.h"

#define BUNDLE_FIRST "countersign-bundle-v1" /* of earlier releases */
#define BUNDLE_FORMAT "countersign-bundle-v2"

struct bundle_file {
    uint8_t sha256[SHA256_SIZE];
    const char *name;
};

struct bundle_limits {
    int64_t wall_ms;
    int64_t memory_bytes;
    int64_t pids;
    int64_t output_bytes; /* stdout and stderr together */
    int64_t files;        /* files, charts and tables handed back */
    int64_t file_bytes;   /* each of them */
    int64_t cpu_ms;       /* of all processes together; 0: not ours to limit */
    int64_t tmp_bytes;    /* work folder; 0: not ours to limit */
};

/* What the first form left open. */
struct bundle_terms {
    int64_t team_id;
    const char *isolation;    /* "namespaces", "vm" or "container" */
    const char *image_digest; /* hex, as workers measure it; "" where nobody can know */
    int64_t max_attempts;     /* of one round of approvals */
};

struct bundle {
    bool is_first; /* BUNDLE_FIRST: without terms, cpu_ms and tmp_bytes */
    int64_t request_id;
    int64_t revision;
    const char *language; /* "python" or "sql" */
    struct bytes code;
    const struct bundle_file *files; /* in the order the author gave */
    size_t file_count;
    const char *target;  /* "" when the run stays in its sandbox */
    const char *sandbox; /* backend: "local" */
    const char *image;   /* resolved template or image; "system-python3" for local */
    const char *network; /* "none" */
    struct bundle_limits limits;
    bool retry_safe;
    int64_t policy_version;
    const char *verdict_sha256; /* hex; "" while no policy judged it */
    int64_t approval_ms;        /* how long an approval stays valid */
    struct bundle_terms terms;
};

/* Every field as a 4-byte big-endian length and its bytes, in the order of the struct, but cpu_ms
 * and tmp_bytes before max_attempts, after BUNDLE_FORMAT; numbers as decimal text, retry_safe as
 * "1" or "0", files as their count and then digest (32 raw bytes) and name of each. */
void bundle_encode(const struct bundle *bundle, struct buffer *ret_bytes);
void bundle_digest(const struct bundle *bundle, uint8_t ret_sha256[SHA256_SIZE]);
