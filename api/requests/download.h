/* Bytes out of the database in chunks: input files and results, never held whole. */
#pragma once

#include "api/api.h"

/* Where the chunks come from. */
struct download {
    int64_t file_id;    /* of an input file, or 0 */
    int64_t request_id; /* of a result */
    int64_t item;
    int64_t attempt_id;
    int64_t person_id;
    int64_t length;
    int32_t next; /* chunk */
};

/* Makes the body of the reply, and records who reads it. ERR_UNAVAILABLE when the first chunk can
 * not be read, or that not be recorded. */
bool download_start(struct call *call, const struct download *download,
                    struct error *err) MUST_CHECK;

/* The whole of it, for those that must be looked at: at most `most` bytes; recorded, too. */
bool download_read(struct call *call, const struct download *download, size_t most,
                   struct buffer *ret_bytes, struct error *err) MUST_CHECK;

/* Content-Disposition: attachment with a name that every browser understands (RFC 6266). */
void download_name(struct reply *reply, const char *name);
