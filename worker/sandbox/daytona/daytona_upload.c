#include "worker/sandbox/daytona/daytona_upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"

#define TRIES 4
#define GAP_MS 300
#define BYTES_PER_MS 500 /* a slow line is given this much time on top */
#define FIELD 40

/* The form of one upload: for each file its path, then its content. */
struct form {
    size_t count;
    struct remote_file *files;
    struct http_part *parts;
    char (*names)[2][FIELD];
    uint64_t size;
};

static void form_auto(struct form *form)
{
    free(form->files);
    free(form->parts);
    free(form->names);
}

static void make_form(const struct remote *remote, bool code, struct form *ret_form)
{
    size_t count = code ? 1 : remote_file_count(remote);
    struct form form = {.count = count,
                        .files = memory_new(count, sizeof *form.files),
                        .parts = memory_new(2 * count, sizeof *form.parts),
                        .names = memory_new(count, sizeof *form.names)};
    for (size_t i = 0; i < count; i++) {
        struct remote_file *file = &form.files[i];
        if (code)
            remote_code(remote, file);
        else
            remote_file(remote, i, file);
        snprintf(form.names[i][0], FIELD, "files[%zu].path", i);
        snprintf(form.names[i][1], FIELD, "files[%zu].file", i);
        form.parts[2 * i] =
            (struct http_part){.name = form.names[i][0], .data = bytes_of(file->path), .fd = -1};
        form.parts[2 * i + 1] = (struct http_part){.name = form.names[i][1],
                                                   .filename = "file",
                                                   .data = file->data,
                                                   .fd = file->fd,
                                                   .size = file->size};
        form.size += file->size;
    }
    *ret_form = form;
}

static bool is_whole(const json_t *stored, const struct remote_file *file)
{
    size_t index;
    json_t *entry;
    json_array_foreach (stored, index, entry) {
        const char *path = json_text_of(entry, "path");
        const json_t *bytes = json_object_get(entry, "bytes");
        if (path && strcmp(path, file->path) == 0)
            return json_is_number(bytes) && json_number_value(bytes) == (double)file->size;
    }
    return false;
}

static bool is_stored(const struct form *form, const struct http_answer *answer)
{
    AUTO(json) json_t *root = answer->status == 200 ? daytona_body(answer) : NULL;
    for (size_t i = 0; i < form->count; i++)
        if (!is_whole(json_object_get(root, "files"), &form->files[i]))
            return false;
    return root != NULL;
}

/* "Is the Sandbox started?": whether to try again, the sandbox knows. */
static bool still_there(const struct sandbox *sandbox, int64_t deadline_ms,
                        const atomic_bool *cancelled)
{
    struct daytona_sandbox now;
    enum daytona_look look =
        daytona_get(sandbox->daytona, sandbox->remote.id, deadline_ms, cancelled, &now);
    return look == DAYTONA_UNSURE || look == DAYTONA_REFUSED || look == DAYTONA_BUSY ||
           (look == DAYTONA_FOUND && now.step == DAYTONA_READY);
}

bool daytona_upload(struct sandbox *sandbox, const struct remote *remote, bool code,
                    const atomic_bool *cancelled, struct error *err)
{
    AUTO(form) struct form form = {0};
    make_form(remote, code, &form);
    int64_t each = sandbox->daytona->options.call_ms / 2 + (int64_t)(form.size / BYTES_PER_MS);
    int64_t deadline = clock_monotonic_ms() + 2 * each;
    const struct daytona_call call = {.method = "POST",
                                      .base = sandbox->toolbox,
                                      .path = "/files/bulk-upload",
                                      .parts = form.parts,
                                      .part_count = 2 * form.count,
                                      .deadline_ms = deadline,
                                      .each_ms = each,
                                      .cancelled = cancelled};
    for (int i = 0; i < TRIES; i++) {
        AUTO(http_answer) struct http_answer answer = {0};
        bool answered = daytona_call(sandbox->daytona, &call, &answer);
        if (answered && is_stored(&form, &answer))
            return true;
        if (answered && answer.status == 413)
            return fail(err, ERR_TOO_LARGE, "Daytona takes no upload of %llu bytes",
                        (unsigned long long)form.size);
        bool refused = answer.status == 401 || answer.status == 403;
        int64_t wait = answer.retry_after_ms > GAP_MS ? answer.retry_after_ms : GAP_MS;
        fail(err, daytona_error(sandbox, &answer), "the upload to Daytona failed: status %d %s",
             answer.status, answer.text);
        if (refused || clock_monotonic_ms() + wait >= deadline || !daytona_nap(cancelled, wait) ||
            !still_there(sandbox, deadline, cancelled))
            break;
    }
    return false;
}
