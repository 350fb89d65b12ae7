#include "api/requests/submission.h"

#include <stdio.h>
#include <string.h>

#include "api/requests/judging.h"
#include "api/requests/sandboxes.h"
#include "common/domain/code.h"
#include "common/domain/deception.h"

#define TITLE_MAX 200
#define QUESTION_MAX 10000
#define STATE_MAX 8192
#define FILES_MAX 16
#define JSON_ID_MAX INT64_C(9007199254740991) /* what every JSON reader keeps whole */
#define LIMIT_COUNT 8
#define WORD_MAX 16

static const struct json_field fields[] = {
    {"title", JSON_KIND_TEXT, false, 0, TITLE_MAX},
    {"question", JSON_KIND_TEXT, false, 0, QUESTION_MAX},
    {"language", JSON_KIND_TEXT, true, 1, WORD_MAX},
    {"code", JSON_KIND_TEXT, true, 1, INT64_MAX},
    {"files", JSON_KIND_ARRAY, false, 0, FILES_MAX},
    {"limits", JSON_KIND_OBJECT, false, 0, 0},
    {"retry_safe", JSON_KIND_BOOLEAN, false, 0, 0},
    {"team_id", JSON_KIND_INTEGER, false, 1, JSON_ID_MAX},
    {"state", JSON_KIND_TEXT, false, 0, STATE_MAX},
    {"sandbox", JSON_KIND_TEXT, false, 1, WORD_MAX},
    {"when_unavailable", JSON_KIND_TEXT, false, 1, WORD_MAX},
};

static const struct json_field revision_fields[] = {
    {"revision", JSON_KIND_INTEGER, true, 1, INT32_MAX},
    {"code", JSON_KIND_TEXT, true, 1, INT64_MAX},
    {"title", JSON_KIND_TEXT, false, 0, TITLE_MAX},
    {"language", JSON_KIND_TEXT, false, 1, WORD_MAX},
    {"files", JSON_KIND_ARRAY, false, 0, FILES_MAX},
    {"limits", JSON_KIND_OBJECT, false, 0, 0},
    {"retry_safe", JSON_KIND_BOOLEAN, false, 0, 0},
};

static const struct json_field file_fields[] = {
    {"id", JSON_KIND_INTEGER, true, 1, JSON_ID_MAX},
};

/* What a run may use: the least, and the setting that is default and most. */
static const struct {
    const char *name;
    int64_t least;
    size_t setting;
} limits[LIMIT_COUNT] = {
    {"wall_ms", 100, offsetof(struct settings, sandbox_wall_ms)},
    {"memory_bytes", 16777216, offsetof(struct settings, sandbox_memory_bytes)},
    {"pids", 4, offsetof(struct settings, sandbox_pids)},
    {"output_bytes", 1024, offsetof(struct settings, sandbox_output_bytes)},
    {"files", 0, offsetof(struct settings, sandbox_files)},
    {"file_bytes", 1024, offsetof(struct settings, sandbox_file_bytes)},
    {"cpu_ms", 100, offsetof(struct settings, sandbox_cpu_ms)},
    {"tmp_bytes", 1048576, offsetof(struct settings, sandbox_tmp_bytes)},
};

static int64_t most_of(const struct settings *settings, size_t i)
{
    return *(const int64_t *)((const char *)settings + limits[i].setting);
}

json_t *submission_most(const struct settings *settings)
{
    json_t *most = json_object();
    for (size_t i = 0; i < LIMIT_COUNT; i++)
        json_object_set_new(most, limits[i].name, json_integer(most_of(settings, i)));
    return most;
}

static void join(const char *path, const char *name, char ret_text[64])
{
    snprintf(ret_text, 64, "%s%s%s", path, *path ? "." : "", name);
}

/* Adds `max_limits` to the item, and `limits` where some are asked for. */
static bool add_limits(const struct api *api, const json_t *body, const char *path, json_t *item,
                       struct error *err)
{
    struct json_field table[LIMIT_COUNT];
    json_t *wanted = json_object_get(body, "limits");
    json_object_set_new(item, "max_limits", submission_most(&api->settings));
    for (size_t i = 0; i < LIMIT_COUNT; i++) {
        int64_t setting = most_of(&api->settings, i);
        int64_t least = limits[i].least < setting ? limits[i].least : setting;
        table[i] = (struct json_field){limits[i].name, JSON_KIND_INTEGER, false, least, setting};
    }
    if (!wanted)
        return true;
    char place[64];
    join(path, "limits", place);
    json_object_set(item, "limits", wanted);
    return json_check(wanted, place, table, LIMIT_COUNT, err);
}

static bool check_files(const json_t *body, const char *path, struct error *err)
{
    size_t n;
    json_t *file;
    json_array_foreach (json_object_get(body, "files"), n, file) {
        char place[64], name[32];
        snprintf(name, sizeof name, "files.%zu", n);
        join(path, name, place);
        if (!json_is_object(file))
            return fail_field(err, ERR_INVALID_FIELD, place, "%s must be an object", place);
        if (!json_check(file, place, file_fields, COUNT_OF(file_fields), err))
            return false;
    }
    return true;
}

static bool check_text(const json_t *body, const char *key, enum text_kind kind, const char *path,
                       struct error *err)
{
    char place[64];
    const json_t *text = json_object_get(body, key);
    join(path, key, place);
    return !text || text_check((struct bytes){json_string_value(text), json_string_length(text)},
                               kind, place, err);
}

static struct bytes code_of(const json_t *body)
{
    const json_t *code = json_object_get(body, "code");
    return (struct bytes){json_string_value(code), json_string_length(code)};
}

static bool check_code(const struct api *api, const json_t *body, const char *path,
                       struct error *err)
{
    struct bytes bytes = code_of(body);
    const char *language = json_text_of(body, "language");
    struct code_limits most = {api->settings.max_code_bytes, api->settings.max_code_lines};
    bool fine = code_check(bytes, &most, err);
    if (fine && strspn(bytes.data, " \t\n") == bytes.len)
        fine = fail_field(err, ERR_INVALID_FIELD, "code", "code is blank");
    if (fine && language)
        fine = deception_check(bytes, language, err);
    if (!fine)
        join(path, "code", err->field);
    return fine;
}

static bool check_language(const json_t *body, const char *path, struct error *err)
{
    const char *language = json_text_of(body, "language");
    char place[64];
    join(path, "language", place);
    if (language && strcmp(language, "python") != 0 && strcmp(language, "sql") != 0)
        return fail_field(err, ERR_INVALID_FIELD, place, "language must be python or sql");
    return true;
}

static bool check_contents(const struct api *api, const json_t *body, const char *path,
                           struct error *err)
{
    return check_language(body, path, err) && check_text(body, "title", TEXT_LINE, path, err) &&
           check_text(body, "question", TEXT_LINES, path, err) &&
           check_text(body, "state", TEXT_LINES, path, err) && check_files(body, path, err) &&
           check_code(api, body, path, err);
}

/* Adds `backend` and its `image`, as resolved now, and `when_unavailable`. */
static bool add_sandbox(const struct api *api, const json_t *body, const char *path, json_t *item,
                        struct error *err)
{
    char place[64];
    const char *name = json_text_of(body, "sandbox");
    const char *when = json_text_of(body, "when_unavailable");
    const char *image =
        sandbox_image(&api->settings, name ? name : sandbox_default(&api->settings));
    if (!image) {
        AUTO(json) json_t *offered = sandboxes_json(&api->settings);
        AUTO(text) char *list = json_text(offered);
        join(path, "sandbox", place);
        return fail_field(err, ERR_INVALID_FIELD, place, "%s must be one of %s", place, list);
    }
    if (when && strcmp(when, "wait") != 0 && strcmp(when, "fail") != 0) {
        join(path, "when_unavailable", place);
        return fail_field(err, ERR_INVALID_FIELD, place, "%s must be wait or fail", place);
    }
    json_object_set_new(item, "backend",
                        json_string(name ? name : sandbox_default(&api->settings)));
    json_object_set_new(item, "image", json_string(image));
    json_object_set_new(item, "when_unavailable", json_string(when ? when : "wait"));
    return true;
}

static void copy(const json_t *from, const char *key, json_t *to, const char *as)
{
    json_t *value = json_object_get(from, key);
    if (value)
        json_object_set(to, as, value);
}

void submission_add_clocks(const struct settings *settings, json_t *item)
{
    json_object_set_new(item, "pending_seconds", json_integer(settings->pending_seconds));
    json_object_set_new(item, "remind_seconds", json_integer(settings->remind_seconds));
    json_object_set_new(item, "escalate_seconds", json_integer(settings->escalate_seconds));
}

bool submission_read(const struct api *api, const json_t *body, const char *path, json_t **ret_item,
                     struct error *err)
{
    static const char *const keys[] = {"title", "question",   "language", "code",
                                       "files", "retry_safe", "team_id"};
    AUTO(json) json_t *item = json_object();
    if (!json_check(body, path, fields, COUNT_OF(fields), err) ||
        !check_contents(api, body, path, err) || !add_limits(api, body, path, item, err) ||
        !add_sandbox(api, body, path, item, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        copy(body, keys[i], item, keys[i]);
    copy(body, "state", item, "state_echo");
    json_object_set_new(item, "network", json_string("none"));
    json_object_set_new(item, "approval_seconds", json_integer(api->settings.approval_seconds));
    submission_add_clocks(&api->settings, item);
    json_object_set_new(item, "max_waiting", json_integer(api->settings.max_waiting_per_person));
    *ret_item = TAKE(item);
    return true;
}

bool submission_judge(const struct api *api, const json_t *body, json_t *item, struct error *err)
{
    return judging_add(api->judging, json_text_of(body, "language"), code_of(body), item, err);
}

bool submission_judge_revision(const struct api *api, const json_t *body, const char *language,
                               json_t *item, struct error *err)
{
    return deception_check(code_of(body), language, err) &&
           judging_add(api->judging, language, code_of(body), item, err);
}

bool submission_read_revision(const struct api *api, const json_t *body, int64_t request_id,
                              json_t **ret_item, struct error *err)
{
    static const char *const keys[] = {"title", "language",   "code",
                                       "files", "retry_safe", "revision"};
    AUTO(json) json_t *item = json_object();
    if (!json_check(body, "", revision_fields, COUNT_OF(revision_fields), err) ||
        !check_contents(api, body, "", err) || !add_limits(api, body, "", item, err))
        return false;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        copy(body, keys[i], item, keys[i]);
    json_object_set_new(item, "id", json_integer(request_id));
    *ret_item = TAKE(item);
    return true;
}
