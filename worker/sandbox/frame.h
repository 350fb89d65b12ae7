/* The one frame that carries a job into a sandbox. The code itself is the start
 * signal: without the last byte of the digest nothing is run. */
#pragma once

#include "worker/sandbox/sandbox.h"

#define FRAME_MAGIC "CSFRAME1"
#define FRAME_CHUNK 65536

/* Produces the frame piece by piece; input files are never held whole. */
struct frame {
    const struct sandbox_job *job;
    struct buffer pending; /* produced, not yet written */
    size_t written;        /* of pending */
    size_t next_file;
    uint64_t file_offset;
    uint64_t code_offset;
    bool head_done;
    bool digest_done;
    bool broken; /* an input file could not be read: nothing more comes */
    struct sha256 sha;
};

/* A file name goes into one line of the manifest and becomes one file. */
bool frame_name_plain(const char *name);

/* False when the job can not be put into a frame: a file name that is not plain. */
bool frame_start(struct frame *frame, const struct sandbox_job *job, struct error *err) MUST_CHECK;
void frame_auto(struct frame *frame);

/* What is to be written next; empty when all of it was produced and written. */
struct bytes frame_next(struct frame *frame);
void frame_wrote(struct frame *frame, size_t len);
bool frame_complete(const struct frame *frame);
