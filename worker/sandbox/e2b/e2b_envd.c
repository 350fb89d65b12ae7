#include "worker/sandbox/e2b/e2b_envd.h"

#include <stdio.h>
#include <string.h>

#define BYTES_PER_MS 500 /* slower than this is not worth waiting for */
#define FOLDER_BYTES (4 * 1024 * 1024)

static bool older_than(const struct sandbox *sandbox, int major, int minor, int patch)
{
    const int wanted[] = {major, minor, patch};
    for (int i = 0; i < 3; i++)
        if (sandbox->envd_version[i] != wanted[i])
            return sandbox->envd_version[i] < wanted[i];
    return false;
}

static int64_t deadline_for(const struct sandbox *sandbox, uint64_t bytes)
{
    return e2b_deadline(sandbox->owner, E2B_CALL_SECONDS) + (int64_t)(bytes / BYTES_PER_MS);
}

static void add_files_url(const struct sandbox *sandbox, const char *path, struct buffer *ret_url)
{
    bool named = older_than(sandbox, 0, 4, 0); /* these know no user of their own */
    e2b_port_url(sandbox, E2B_ENVD_PORT, ret_url);
    buffer_add_text(ret_url, "/files");
    if (path) {
        buffer_add_text(ret_url, "?path=");
        e2b_add_query(ret_url, path);
    }
    if (named)
        buffer_printf(ret_url, "%cusername=user", path ? '&' : '?');
}

/* Each file that lies there now is named: a success of somebody in between names none. */
static bool all_stored(const struct http_answer *answer, size_t count)
{
    AUTO(json) json_t *files = e2b_json(buffer_bytes(&answer->body));
    size_t named = 0;
    for (size_t i = 0; i < json_array_size(files); i++)
        named += json_text_of(json_array_get(files, i), "path") != NULL;
    return named == count;
}

static bool post(struct sandbox *sandbox, struct http_request *request, const char *path,
                 struct error *err)
{
    AUTO(http_answer) struct http_answer answer = {0};
    AUTO(buffer) struct buffer url = {0};
    add_files_url(sandbox, path, &url);
    request->method = "POST";
    request->url = url.data;
    request->repeatable = true;
    e2b_port_request(sandbox, E2B_ENVD_PORT, request);
    if (http_call(sandbox->owner->http, request, &answer) && e2b_succeeded(&answer) &&
        all_stored(&answer, request->parts ? request->part_count : 1))
        return true;
    sandbox->retry_after_ms = answer.retry_after_ms;
    return e2b_refused(sandbox->owner, "upload", &answer, false, err);
}

bool e2b_envd_put(struct sandbox *sandbox, const char *path, const struct http_part *file,
                  const atomic_bool *cancelled, struct error *err)
{
    struct http_request request = {.deadline_ms = deadline_for(sandbox, file->size),
                                   .cancelled = cancelled};
    struct http_part part = *file;
    part.name = "file";
    part.filename = part.filename ? part.filename : "file";
    if (older_than(sandbox, 0, 5, 7)) {
        request.parts = &part;
        request.part_count = 1;
    } else {
        request.file = &part;
        request.content_type = "application/octet-stream";
    }
    return post(sandbox, &request, path, err);
}

bool e2b_envd_put_all(struct sandbox *sandbox, const struct http_part *files, size_t count,
                      const atomic_bool *cancelled, struct error *err)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += files[i].size + files[i].data.len;
    struct http_request request = {.deadline_ms = deadline_for(sandbox, sum),
                                   .cancelled = cancelled,
                                   .parts = files,
                                   .part_count = count};
    return post(sandbox, &request, NULL, err);
}

/* 64-bit numbers come as text, and nought does not come. */
static json_t *entry_of(const json_t *info)
{
    const json_t *size = json_object_get(info, "size");
    const char *text = json_string_value(size);
    json_t *kept =
        text ? json_string(text) : json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(size));
    const char *modified = json_text_of(info, "modifiedTime");
    return json_pack("[o, s]", kept, modified ? modified : "");
}

static json_t *files_of(const json_t *answer, size_t ret_others[2])
{
    const json_t *entries = json_object_get(answer, "entries");
    json_t *files = json_object();
    ret_others[0] = ret_others[1] = 0;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *info = json_array_get(entries, i);
        const char *name = json_text_of(info, "name");
        const char *type = json_text_of(info, "type");
        if (!name || !*name || *name == '.')
            continue;
        bool folder = type && strcmp(type, "FILE_TYPE_DIRECTORY") == 0;
        bool plain =
            type && strcmp(type, "FILE_TYPE_FILE") == 0 && !json_object_get(info, "symlinkTarget");
        if (plain)
            json_object_set_new(files, name, entry_of(info));
        else
            ret_others[folder ? 0 : 1]++;
    }
    return files;
}

static bool call_list(struct sandbox *sandbox, const char *folder, const atomic_bool *cancelled,
                      struct http_answer *ret_answer)
{
    AUTO(buffer) struct buffer url = {0};
    AUTO(json) json_t *body = json_pack("{s:s, s:i}", "path", folder, "depth", 1);
    AUTO(text) char *text = json_text(body);
    e2b_port_url(sandbox, E2B_ENVD_PORT, &url);
    buffer_add_text(&url, "/filesystem.Filesystem/ListDir");
    struct http_request request = {.method = "POST",
                                   .url = url.data,
                                   .body = bytes_of(text),
                                   .content_type = "application/json",
                                   .deadline_ms = e2b_deadline(sandbox->owner, E2B_CALL_SECONDS),
                                   .body_max = FOLDER_BYTES,
                                   .cancelled = cancelled,
                                   .repeatable = true};
    e2b_port_request(sandbox, E2B_ENVD_PORT, &request);
    request.headers[4] = (struct http_header){"Connect-Protocol-Version", "1"};
    if (older_than(sandbox, 0, 4, 0)) /* the user "user", who has no password */
        request.headers[5] = (struct http_header){"Authorization", "Basic dXNlcjo="};
    return http_call(sandbox->owner->http, &request, ret_answer);
}

bool e2b_envd_list(struct sandbox *sandbox, const char *folder, const atomic_bool *cancelled,
                   json_t **ret_files, size_t ret_others[2], struct error *err)
{
    AUTO(http_answer) struct http_answer answer = {0};
    if (!call_list(sandbox, folder, cancelled, &answer) || !e2b_succeeded(&answer)) {
        sandbox->retry_after_ms = answer.retry_after_ms;
        return e2b_refused(sandbox->owner, "list of files", &answer, false, err);
    }
    AUTO(json) json_t *body = e2b_json(buffer_bytes(&answer.body));
    if (!json_is_object(body))
        return e2b_refused(sandbox->owner, "list of files", &answer, false, err);
    *ret_files = files_of(body, ret_others);
    return true;
}

struct counter {
    const struct e2b_download *download;
    uint64_t left;
    bool over;
};

static bool count(void *context, struct bytes piece)
{
    struct counter *counter = context;
    counter->over = piece.len > counter->left;
    if (counter->over)
        return false;
    counter->left -= piece.len;
    return counter->download->take(counter->download->context, piece);
}

bool e2b_envd_get(struct sandbox *sandbox, const char *path, const struct e2b_download *download,
                  struct error *err)
{
    AUTO(http_answer) struct http_answer answer = {0};
    AUTO(buffer) struct buffer url = {0};
    struct counter counter = {download, download->most, false};
    add_files_url(sandbox, path, &url);
    struct http_request request = {.method = "GET",
                                   .url = url.data,
                                   .deadline_ms = deadline_for(sandbox, download->most),
                                   .take = count,
                                   .context = &counter,
                                   .cancelled = &sandbox->cancelled};
    e2b_port_request(sandbox, E2B_ENVD_PORT, &request);
    bool fine = http_call(sandbox->owner->http, &request, &answer);
    if (fine && e2b_succeeded(&answer))
        return true;
    if (counter.over)
        return fail(err, ERR_TOO_LARGE, "E2B: download: larger than %llu bytes",
                    (unsigned long long)download->most);
    if (fine && answer.status == 404)
        return fail(err, ERR_NOT_FOUND, "E2B: download: there is no such file");
    return e2b_refused(sandbox->owner, "download", &answer, false, err);
}
