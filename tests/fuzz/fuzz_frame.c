/* The frame that carries a job into a sandbox: a second reader finds the job in it again, and
 * nothing else. Input: a job. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"
#include "worker/sandbox/frame.h"

#define FILES_MAX 2

struct made {
    struct sandbox_job job;
    struct sandbox_file files[FILES_MAX];
    struct bytes contents[FILES_MAX];
};

/* Kept open for ever: making one takes longer than all the rest. */
static int file_with(size_t i, struct bytes content)
{
    static int files[FILES_MAX] = {-1, -1};
    if (files[i] < 0)
        files[i] = memfd_create("fuzz", MFD_CLOEXEC);
    CLAIM(files[i] >= 0 && ftruncate(files[i], 0) == 0);
    CLAIM(pwrite(files[i], content.data, content.len, 0) == (ssize_t)content.len);
    return files[i];
}

static void make_job(struct fuzz *fuzz, struct made *made)
{
    struct sandbox_job *job = &made->job;
    job->language = fuzz_byte(fuzz) & 1 ? "sql" : "python";
    job->attempt_id = fuzz_integer(fuzz);
    job->fence = fuzz_integer(fuzz);
    job->limits.pids = fuzz_integer(fuzz);
    job->limits.files = fuzz_integer(fuzz);
    job->limits.file_bytes = fuzz_integer(fuzz);
    job->file_count = fuzz_byte(fuzz) % (FILES_MAX + 1);
    job->files = made->files;
    for (size_t i = 0; i < job->file_count; i++) {
        struct sandbox_file *file = &made->files[i];
        AUTO(text) char *name = fuzz_text(fuzz_some(fuzz, 255));
        snprintf(file->name, sizeof file->name, "%s", name);
        made->contents[i] = fuzz_some(fuzz, 255);
        file->size = made->contents[i].len;
        file->fd = file_with(i, made->contents[i]);
    }
    job->code = fuzz_rest(fuzz);
}

static void write_frame(struct frame *frame, uint8_t cut, struct buffer *out)
{
    for (;;) {
        struct bytes next = frame_next(frame);
        if (next.len == 0)
            break;
        CLAIM(!frame_complete(frame));
        size_t len = fuzz_piece(&cut, next.len);
        buffer_add(out, next.data, len);
        frame_wrote(frame, len);
    }
    CLAIM(frame_complete(frame));
}

static uint64_t take_number(struct fuzz *left, int size)
{
    uint64_t value = 0;
    CLAIM(left->end - left->at >= size);
    for (int i = 0; i < size; i++)
        value = value << 8 | *left->at++;
    return value;
}

static struct bytes take_bytes(struct fuzz *left, size_t len)
{
    struct bytes taken = {left->at, len};
    CLAIM((size_t)(left->end - left->at) >= len);
    left->at += len;
    return taken;
}

static void expect_line(struct fuzz *manifest, const char *name, const char *value)
{
    AUTO(buffer) struct buffer line = {0};
    buffer_printf(&line, "%s %s", name, value);
    CLAIM(manifest->at < manifest->end && bytes_equal(fuzz_line(manifest), buffer_bytes(&line)));
}

static void expect_number(struct fuzz *manifest, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    expect_line(manifest, name, text);
}

static void check_manifest(struct bytes text, const struct made *made)
{
    struct fuzz lines = {text.data, (const uint8_t *)text.data + text.len};
    const struct sandbox_job *job = &made->job;
    expect_line(&lines, "language", job->language);
    expect_number(&lines, "attempt", job->attempt_id);
    expect_number(&lines, "fence", job->fence);
    expect_number(&lines, "pids", job->limits.pids);
    expect_number(&lines, "files", job->limits.files);
    expect_number(&lines, "file_bytes", job->limits.file_bytes);
    for (size_t i = 0; i < job->file_count; i++) {
        AUTO(buffer) struct buffer value = {0};
        buffer_printf(&value, "%zu %s", made->contents[i].len, made->files[i].name);
        expect_line(&lines, "file", value.data);
    }
    CLAIM(lines.at == lines.end);
}

static void check_frame(struct bytes frame, const struct made *made)
{
    struct fuzz left = {frame.data, (const uint8_t *)frame.data + frame.len};
    uint8_t digest[SHA256_SIZE];
    CLAIM(memcmp(take_bytes(&left, 8).data, "CSFRAME1", 8) == 0);
    CLAIM((int64_t)take_number(&left, 8) == made->job.attempt_id);
    CLAIM((int64_t)take_number(&left, 8) == made->job.fence);
    size_t manifest = (size_t)take_number(&left, 4);
    CLAIM(take_number(&left, 4) == made->job.file_count);
    size_t code = (size_t)take_number(&left, 8);
    check_manifest(take_bytes(&left, manifest), made);
    for (size_t i = 0; i < made->job.file_count; i++) {
        size_t size = (size_t)take_number(&left, 8);
        CLAIM(bytes_equal(take_bytes(&left, size), made->contents[i]));
    }
    CLAIM(bytes_equal(take_bytes(&left, code), made->job.code));
    sha256((struct bytes){frame.data, frame.len - SHA256_SIZE}, digest);
    CLAIM(memcmp(take_bytes(&left, SHA256_SIZE).data, digest, SHA256_SIZE) == 0);
    CLAIM(left.at == left.end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    uint8_t cut = fuzz_byte(&fuzz);
    struct made made = {0};
    AUTO(buffer) struct buffer out = {0};
    struct error err = {0};
    make_job(&fuzz, &made);
    AUTO(frame) struct frame frame = {0};
    if (!frame_start(&frame, &made.job, &err)) {
        CLAIM(err.code == ERR_INVALID_FIELD && !frame.head_done);
        return 0;
    }
    write_frame(&frame, cut, &out);
    check_frame(buffer_bytes(&out), &made);
    return 0;
}
