#include "worker/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The columns of claim_attempts, and three more of adopt_attempts. */
enum {
    COLUMN_ID,
    COLUMN_FENCE,
    COLUMN_REQUEST,
    COLUMN_REVISION,
    COLUMN_LANGUAGE,
    COLUMN_CODE,
    COLUMN_MANIFEST,
    COLUMN_SHA256,
    COLUMN_REMOTE,
    COLUMN_ADOPTIONS,
    COLUMN_ELAPSED_MS
};

/* Where a value of the manifest goes. */
struct text_place {
    const char *name;
    const char **place;
};

struct number_place {
    const char *name;
    int64_t *place;
};

bool attempt_name_is_plain(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < 256 && name[0] != '.' && !strchr(name, '/');
}

static bool read_file(const json_t *row, struct attempt *attempt, size_t i, struct error *err)
{
    struct sandbox_file *file = &attempt->files[i];
    const char *name = json_text_of(row, "name");
    int64_t bytes = json_integer_of(row, "bytes", -1);
    attempt->file_numbers[i] = (int32_t)json_integer_of(row, "n", -1);
    if (!name || !attempt_name_is_plain(name) || bytes < 0 || attempt->file_numbers[i] < 0)
        return fail(err, ERR_INTERNAL, "input %zu has no plain name, number or size", i);
    snprintf(file->name, sizeof file->name, "%s", name);
    file->size = (uint64_t)bytes;
    attempt->bundle_files[i].name = file->name;
    return true;
}

static bool read_files(struct attempt *attempt, struct error *err)
{
    const json_t *files = json_object_get(attempt->manifest, "files");
    size_t count = json_array_size(files);
    if (!json_is_array(files) || count > ATTEMPT_FILES_MAX)
        return fail(err, ERR_INTERNAL, "the manifest has no list of input files");
    attempt->files = memory_new(count, sizeof *attempt->files);
    attempt->bundle_files = memory_new(count, sizeof *attempt->bundle_files);
    attempt->file_numbers = memory_new(count, sizeof *attempt->file_numbers);
    attempt->file_count = count;
    for (size_t i = 0; i < count; i++)
        attempt->files[i].fd = -1;
    for (size_t i = 0; i < count; i++)
        if (!read_file(json_array_get(files, i), attempt, i, err))
            return false;
    return true;
}

static bool read_numbers(const json_t *from, const struct number_place *places, size_t count,
                         struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        *places[i].place = json_integer_of(from, places[i].name, -1);
        if (*places[i].place < 0)
            return fail(err, ERR_INTERNAL, "the manifest has no number %s", places[i].name);
    }
    return true;
}

static bool read_limits(const json_t *limits, struct bundle_limits *ret_limits, struct error *err)
{
    const struct number_place parts[] = {
        {"wall_ms", &ret_limits->wall_ms}, {"memory_bytes", &ret_limits->memory_bytes},
        {"pids", &ret_limits->pids},       {"output_bytes", &ret_limits->output_bytes},
        {"files", &ret_limits->files},     {"file_bytes", &ret_limits->file_bytes},
    };
    return read_numbers(limits, parts, COUNT_OF(parts), err);
}

static bool read_texts(const json_t *from, const struct text_place *places, size_t count,
                       struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        *places[i].place = json_text_of(from, places[i].name);
        if (!*places[i].place)
            return fail(err, ERR_INTERNAL, "the manifest has no text %s", places[i].name);
    }
    return true;
}

static bool read_names(const json_t *manifest, struct bundle *bundle, struct error *err)
{
    const struct text_place parts[] = {
        {"target", &bundle->target},
        {"sandbox", &bundle->sandbox},
        {"image", &bundle->image},
        {"network", &bundle->network},
        {"verdict_sha256", &bundle->verdict_sha256},
    };
    return read_texts(manifest, parts, COUNT_OF(parts), err);
}

/* What only the present form of a bundle has. A form that is not known makes no sense. */
static bool read_terms(const json_t *manifest, struct bundle *bundle, struct error *err)
{
    const char *format = json_text_of(manifest, "format");
    const struct text_place texts[] = {
        {"isolation", &bundle->terms.isolation},
        {"image_digest", &bundle->terms.image_digest},
    };
    const struct number_place numbers[] = {
        {"team_id", &bundle->terms.team_id},
        {"max_attempts", &bundle->terms.max_attempts},
    };
    const struct number_place limits[] = {
        {"cpu_ms", &bundle->limits.cpu_ms},
        {"tmp_bytes", &bundle->limits.tmp_bytes},
    };
    bundle->is_first = format && strcmp(format, BUNDLE_FIRST) == 0;
    if (bundle->is_first)
        return true;
    if (!format || strcmp(format, BUNDLE_FORMAT) != 0)
        return fail(err, ERR_INTERNAL, "the manifest has no format that is known");
    return read_texts(manifest, texts, COUNT_OF(texts), err) &&
           read_numbers(manifest, numbers, COUNT_OF(numbers), err) &&
           read_numbers(json_object_get(manifest, "limits"), limits, COUNT_OF(limits), err);
}

static bool read_manifest(struct attempt *attempt, struct bytes text, struct error *err)
{
    struct bundle *bundle = &attempt->bundle;
    if (!json_read_object(text, &attempt->manifest, err) || !read_files(attempt, err) ||
        !read_names(attempt->manifest, bundle, err) ||
        !read_limits(json_object_get(attempt->manifest, "limits"), &bundle->limits, err) ||
        !read_terms(attempt->manifest, bundle, err))
        return false;
    bundle->retry_safe = json_flag(attempt->manifest, "retry_safe");
    bundle->policy_version = json_integer_of(attempt->manifest, "policy_version", -1);
    bundle->approval_ms = json_integer_of(attempt->manifest, "approval_ms", -1);
    bundle->files = attempt->bundle_files;
    bundle->file_count = attempt->file_count;
    return true;
}

struct attempt *attempt_from_row(const struct rows *rows, size_t row, struct error *ret_why)
{
    struct attempt *attempt = memory_new(1, sizeof *attempt);
    struct bytes code = rows_bytes(rows, row, COLUMN_CODE);
    struct bytes sha256 = rows_bytes(rows, row, COLUMN_SHA256);
    attempt->id = rows_integer(rows, row, COLUMN_ID);
    attempt->fence = rows_integer(rows, row, COLUMN_FENCE);
    attempt->language = memory_text(rows_text(rows, row, COLUMN_LANGUAGE));
    buffer_add(&attempt->code, code.data, code.len);
    attempt->bundle.request_id = rows_integer(rows, row, COLUMN_REQUEST);
    attempt->bundle.revision = rows_integer(rows, row, COLUMN_REVISION);
    attempt->bundle.language = attempt->language;
    attempt->bundle.code = buffer_bytes(&attempt->code);
    if (sha256.len == SHA256_SIZE)
        memcpy(attempt->bundle_sha256, sha256.data, SHA256_SIZE);
    else
        attempt->malformed = !fail(ret_why, ERR_INTERNAL, "the approved digest is missing");
    if (!attempt->malformed)
        attempt->malformed =
            !read_manifest(attempt, rows_bytes(rows, row, COLUMN_MANIFEST), ret_why);
    return attempt;
}

struct attempt *attempt_from_adoption(const struct rows *rows, size_t row, struct error *ret_why)
{
    struct attempt *attempt = attempt_from_row(rows, row, ret_why);
    attempt->remote = memory_text(rows_text(rows, row, COLUMN_REMOTE));
    attempt->adoptions = rows_integer(rows, row, COLUMN_ADOPTIONS);
    attempt->elapsed_ms = rows_integer(rows, row, COLUMN_ELAPSED_MS);
    return attempt;
}

void attempt_free(struct attempt *attempt)
{
    if (!attempt)
        return;
    for (size_t i = 0; i < attempt->file_count; i++)
        if (attempt->files[i].fd >= 0)
            close(attempt->files[i].fd);
    free(attempt->files);
    free(attempt->bundle_files);
    free(attempt->file_numbers);
    free(attempt->language);
    free(attempt->remote);
    buffer_auto(&attempt->code);
    json_decref(attempt->manifest);
    free(attempt);
}

void attempt_digest(const struct attempt *attempt, uint8_t ret_sha256[SHA256_SIZE])
{
    for (size_t i = 0; i < attempt->file_count; i++)
        memcpy(attempt->bundle_files[i].sha256, attempt->files[i].sha256, SHA256_SIZE);
    bundle_digest(&attempt->bundle, ret_sha256);
}

bool attempt_is_what_was_approved(const struct attempt *attempt, struct error *err)
{
    uint8_t sha256[SHA256_SIZE];
    attempt_digest(attempt, sha256);
    if (crypto_equal(sha256, attempt->bundle_sha256, SHA256_SIZE))
        return true;
    char ours[SHA256_HEX];
    char theirs[SHA256_HEX];
    hex_encode(sha256, SHA256_SIZE, ours);
    hex_encode(attempt->bundle_sha256, SHA256_SIZE, theirs);
    return fail(err, ERR_STALE, "the bytes to be sent give %.16s, approved was %.16s", ours,
                theirs);
}

struct sandbox_job attempt_job(const struct attempt *attempt)
{
    return (struct sandbox_job){
        .attempt_id = attempt->id,
        .fence = attempt->fence,
        .request_id = attempt->bundle.request_id,
        .elapsed_ms = attempt->elapsed_ms,
        .image = attempt->bundle.image,
        .image_digest = attempt->bundle.terms.image_digest,
        .language = attempt->language,
        .code = buffer_bytes(&attempt->code),
        .files = attempt->files,
        .file_count = attempt->file_count,
        .limits = attempt->bundle.limits,
    };
}
