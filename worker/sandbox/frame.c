#include "worker/sandbox/frame.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

bool frame_name_plain(const char *name)
{
    if (!name[0] || name[0] == '.' || strchr(name, '/'))
        return false;
    for (const char *at = name; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return true;
}

static void add_manifest(const struct sandbox_job *job, struct buffer *ret_manifest)
{
    buffer_printf(ret_manifest, "language %s\nattempt %" PRId64 "\nfence %" PRId64 "\n",
                  job->language, job->attempt_id, job->fence);
    buffer_printf(ret_manifest, "pids %" PRId64 "\nfiles %" PRId64 "\nfile_bytes %" PRId64 "\n",
                  job->limits.pids, job->limits.files, job->limits.file_bytes);
    for (size_t i = 0; i < job->file_count; i++)
        buffer_printf(ret_manifest, "file %" PRIu64 " %s\n", job->files[i].size,
                      job->files[i].name);
}

static void produce(struct frame *frame, const void *data, size_t len)
{
    buffer_add(&frame->pending, data, len);
    sha256_add(&frame->sha, (struct bytes){data, len});
}

static void produce_number(struct frame *frame, uint64_t value)
{
    AUTO(buffer) struct buffer number = {0};
    buffer_add_u64be(&number, value);
    produce(frame, number.data, number.len);
}

static void produce_head(struct frame *frame)
{
    const struct sandbox_job *job = frame->job;
    AUTO(buffer) struct buffer manifest = {0};
    AUTO(buffer) struct buffer head = {0};
    add_manifest(job, &manifest);
    buffer_add(&head, FRAME_MAGIC, 8);
    buffer_add_u64be(&head, (uint64_t)job->attempt_id);
    buffer_add_u64be(&head, (uint64_t)job->fence);
    buffer_add_u32be(&head, (uint32_t)manifest.len);
    buffer_add_u32be(&head, (uint32_t)job->file_count);
    buffer_add_u64be(&head, job->code.len);
    buffer_add(&head, manifest.data, manifest.len);
    produce(frame, head.data, head.len);
    frame->head_done = true;
}

/* The next piece of the input files. False when there is none left. */
static bool produce_file(struct frame *frame)
{
    if (frame->next_file == frame->job->file_count)
        return false;
    const struct sandbox_file *file = &frame->job->files[frame->next_file];
    if (frame->file_offset == 0)
        produce_number(frame, file->size);
    char chunk[FRAME_CHUNK];
    uint64_t left = file->size - frame->file_offset;
    size_t wanted = left < sizeof chunk ? (size_t)left : sizeof chunk;
    ssize_t got = wanted ? pread(file->fd, chunk, wanted, (off_t)frame->file_offset) : 0;
    if (got < 0 || (got == 0 && wanted > 0)) {
        frame->broken = true;
        return true;
    }
    produce(frame, chunk, (size_t)got);
    frame->file_offset += (uint64_t)got;
    if (frame->file_offset == file->size) {
        frame->next_file++;
        frame->file_offset = 0;
    }
    return true;
}

static bool produce_code(struct frame *frame)
{
    struct bytes code = frame->job->code;
    size_t left = code.len - (size_t)frame->code_offset;
    size_t now = left < FRAME_CHUNK ? left : FRAME_CHUNK;
    if (now == 0)
        return false;
    produce(frame, (const char *)code.data + frame->code_offset, now);
    frame->code_offset += now;
    return true;
}

bool frame_start(struct frame *frame, const struct sandbox_job *job, struct error *err)
{
    *frame = (struct frame){.job = job};
    for (size_t i = 0; i < job->file_count; i++)
        if (!frame_name_plain(job->files[i].name))
            return fail(err, ERR_INVALID_FIELD, "input file %zu has no plain name", i + 1);
    sha256_start(&frame->sha);
    return true;
}

void frame_auto(struct frame *frame)
{
    buffer_auto(&frame->pending);
}

struct bytes frame_next(struct frame *frame)
{
    if (frame->written == frame->pending.len && !frame->broken) {
        buffer_clear(&frame->pending);
        frame->written = 0;
        if (!frame->head_done) {
            produce_head(frame);
        } else if (!produce_file(frame) && !produce_code(frame) && !frame->digest_done) {
            uint8_t digest[SHA256_SIZE];
            sha256_end(&frame->sha, digest);
            buffer_add(&frame->pending, digest, sizeof digest);
            frame->digest_done = true;
        }
    }
    if (frame->broken)
        return (struct bytes){NULL, 0};
    return (struct bytes){frame->pending.data + frame->written,
                          frame->pending.len - frame->written};
}

void frame_wrote(struct frame *frame, size_t len)
{
    frame->written += len;
}

bool frame_complete(const struct frame *frame)
{
    return frame->digest_done && !frame->broken && frame->written == frame->pending.len;
}
