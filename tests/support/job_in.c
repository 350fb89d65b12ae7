#include "tests/support/job_in.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB INT64_C(1048576)

static const struct json_field fields[] = {
    {"language", JSON_KIND_TEXT, true, 1, 16},
    {"code", JSON_KIND_TEXT, false, 0, MIB},
    {"code_base64", JSON_KIND_TEXT, false, 0, 2 * MIB},
    {"files", JSON_KIND_ARRAY, false, 0, JOB_IN_FILES},
    {"limits", JSON_KIND_OBJECT, false, 0, 0},
    {"image", JSON_KIND_TEXT, false, 0, 256},
    {"instance", JSON_KIND_TEXT, false, 1, 64},
    {"attempt_id", JSON_KIND_INTEGER, false, 1, INT64_MAX},
    {"request_id", JSON_KIND_INTEGER, false, 1, INT64_MAX},
    {"fence", JSON_KIND_INTEGER, false, 1, INT64_MAX},
    {"cancel_after_ms", JSON_KIND_INTEGER, false, 0, INT64_MAX},
    {"cancel_on_output", JSON_KIND_BOOLEAN, false, 0, 0},
    {"reference", JSON_KIND_TEXT, false, 1, 65536},
};

static bool unpack(const char *base64, struct buffer *ret_data, struct error *err)
{
    size_t len = strlen(base64), got;
    unsigned char *data = memory_new(len + 1, 1);
    bool good = sodium_base642bin(data, len, base64, len, NULL, &got, NULL,
                                  sodium_base64_VARIANT_ORIGINAL) == 0;
    if (good)
        buffer_add(ret_data, data, got);
    free(data);
    return good || fail(err, ERR_BAD_REQUEST, "that is not base64");
}

static bool read_file(const json_t *from, struct sandbox_file *file, struct error *err)
{
    AUTO(buffer) struct buffer data = {0};
    const char *name = json_text_of(from, "name");
    const char *base64 = json_text_of(from, "base64");
    if (!name || !base64)
        return fail(err, ERR_BAD_REQUEST, "a file has a name and base64");
    if (!unpack(base64, &data, err))
        return false;
    snprintf(file->name, sizeof file->name, "%s", name);
    file->size = data.len;
    sha256(buffer_bytes(&data), file->sha256);
    file->fd = memfd_create("input", MFD_CLOEXEC);
    if (file->fd < 0 || (data.len > 0 && write(file->fd, data.data, data.len) != (ssize_t)data.len))
        return fail(err, ERR_INTERNAL, "an input file can not be made");
    return true;
}

static bool read_files(struct job_in *job, struct error *err)
{
    const json_t *files = json_object_get(job->root, "files");
    for (size_t i = 0; i < json_array_size(files); i++) {
        job->files[i].fd = -1;
        job->job.file_count++;
        if (!read_file(json_array_get(files, i), &job->files[i], err))
            return false;
    }
    return true;
}

static bool read_code(struct job_in *job, struct error *err)
{
    const char *code = json_text_of(job->root, "code");
    const char *base64 = json_text_of(job->root, "code_base64");
    if (!code == !base64)
        return fail(err, ERR_BAD_REQUEST, "either code or code_base64");
    if (base64)
        return unpack(base64, &job->code, err);
    buffer_add(&job->code, code, strlen(code));
    return true;
}

static void read_limits(const json_t *from, struct bundle_limits *ret_limits)
{
    *ret_limits = (struct bundle_limits){
        .wall_ms = json_integer_of(from, "wall_ms", 30000),
        .memory_bytes = json_integer_of(from, "memory_bytes", 1024 * MIB),
        .pids = json_integer_of(from, "pids", 64),
        .output_bytes = json_integer_of(from, "output_bytes", MIB),
        .files = json_integer_of(from, "files", 8),
        .file_bytes = json_integer_of(from, "file_bytes", 8 * MIB),
        .cpu_ms = json_integer_of(from, "cpu_ms", 0),
        .tmp_bytes = json_integer_of(from, "tmp_bytes", 0),
    };
}

static const char *text_or(const json_t *root, const char *key, const char *otherwise)
{
    const char *text = json_text_of(root, key);
    return text ? text : otherwise;
}

bool job_in_read(struct bytes text, struct job_in *ret_job, struct error *err)
{
    struct job_in *job = ret_job;
    *job = (struct job_in){0};
    if (!json_read_object(text, &job->root, err) ||
        !json_check(job->root, "", fields, COUNT_OF(fields), err) || !read_code(job, err) ||
        !read_files(job, err))
        return false;
    read_limits(json_object_get(job->root, "limits"), &job->job.limits);
    job->job.attempt_id = json_integer_of(job->root, "attempt_id", getpid());
    job->job.request_id = json_integer_of(job->root, "request_id", 1);
    job->job.fence = json_integer_of(job->root, "fence", 1);
    job->job.language = json_text_of(job->root, "language");
    job->job.image = json_text_of(job->root, "image");
    job->job.instance = text_or(job->root, "instance", "00000000-0000-4000-8000-000000000001");
    job->job.code = buffer_bytes(&job->code);
    job->job.files = job->files;
    job->cancel_after_ms = json_integer_of(job->root, "cancel_after_ms", -1);
    job->cancel_on_output = json_flag(job->root, "cancel_on_output");
    job->reference = json_text_of(job->root, "reference");
    return true;
}

void job_in_auto(struct job_in *job)
{
    for (size_t i = 0; i < job->job.file_count; i++)
        close(job->files[i].fd);
    buffer_auto(&job->code);
    json_auto(&job->root);
}
