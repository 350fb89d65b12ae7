#include "admin/audit/checked.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/folders.h"
#include "common/base/json.h"

#define FILE_MAX 8192 /* bytes: a head, and as many keys as there may be */

static_assert(FILE_MAX > SEAL_LINE_SIZE + CHECKED_KEYS_MAX * (KEY_ID_SIZE + 2) + 512, "it fits");

static bool is_wrong(const char *path, const char *what, struct error *err)
{
    return fail(err, ERR_BAD_REQUEST, "--checked: %.120s %s", path, what);
}

/* What others can write could say that anything was checked. */
static const char *fault_of(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return "is no file";
    if (info.st_uid != geteuid())
        return "belongs to somebody else";
    return info.st_mode & (S_IWGRP | S_IWOTH) ? "can be written by others (chmod 600)" : NULL;
}

static bool read_all(int fd, struct buffer *ret_text)
{
    char part[FILE_MAX + 1];
    ssize_t got;
    while ((got = read(fd, part, sizeof part)) > 0 && ret_text->len <= FILE_MAX)
        buffer_add(ret_text, part, (size_t)got);
    return got == 0 && ret_text->len <= FILE_MAX;
}

/* Leaves the text empty when there is no file. */
static bool read_text(const char *path, struct buffer *ret_text, struct error *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return is_wrong(path, errno == ELOOP ? "is a link" : strerror(errno), err);
    const char *fault = fault_of(fd);
    if (!fault && !read_all(fd, ret_text))
        fault = "can not be read, or is too long";
    if (!fault && !ret_text->len)
        fault = "is empty";
    close(fd);
    return !fault || is_wrong(path, fault, err);
}

static bool take_key(struct checked *checked, const char *id)
{
    static const char digits[] = "0123456789abcdef";
    if (!id || strlen(id) != KEY_ID_SIZE - 1 || strspn(id, digits) != KEY_ID_SIZE - 1 ||
        checked->key_count == CHECKED_KEYS_MAX)
        return false;
    memcpy(checked->keys[checked->key_count++], id, KEY_ID_SIZE);
    return true;
}

static bool take_fields(const json_t *root, struct checked *checked, struct error *err)
{
    static const struct json_field fields[] = {
        {"format", JSON_KIND_TEXT, true, 1, 64},
        {"checked_ms", JSON_KIND_INTEGER, true, 1, INT64_MAX / 1000},
        {"signatures", JSON_KIND_INTEGER, true, 0, INT64_MAX},
        {"keys", JSON_KIND_ARRAY, true, 1, CHECKED_KEYS_MAX},
        {"head", JSON_KIND_TEXT, true, 1, SEAL_LINE_SIZE - 1}};
    if (!json_check(root, "", fields, COUNT_OF(fields), err))
        return false;
    if (strcmp(json_text_of(root, "format"), CHECKED_FORM) != 0)
        return fail(err, ERR_INVALID_FIELD, "format must be " CHECKED_FORM);
    if (!seal_from_line(json_text_of(root, "head"), &checked->head) || checked->head.n < 1)
        return fail(err, ERR_INVALID_FIELD, "head is no head of a seal");
    size_t index;
    const json_t *key;
    json_array_foreach (json_object_get(root, "keys"), index, key) {
        if (!take_key(checked, json_string_value(key)))
            return fail(err, ERR_INVALID_FIELD, "keys[%zu] is no id of a key", index);
    }
    checked->at_ms = json_integer_of(root, "checked_ms", 0);
    checked->signatures = json_integer_of(root, "signatures", 0);
    return true;
}

bool checked_read(const char *path, struct checked *ret_checked, struct error *err)
{
    struct error why = {0};
    struct checked checked = {0};
    AUTO(buffer) struct buffer text = {0};
    AUTO(json) json_t *root = NULL;
    if (!read_text(path, &text, err))
        return false;
    if (text.len &&
        (!json_read_object(buffer_bytes(&text), &root, &why) || !take_fields(root, &checked, &why)))
        return is_wrong(path, why.text, err);
    *ret_checked = checked;
    return true;
}

bool checked_write(const char *path, const struct checked *checked, struct error *err)
{
    char head[SEAL_LINE_SIZE];
    AUTO(text) char *copy = memory_text(path);
    AUTO(buffer) struct buffer text = {0};
    AUTO(json) json_t *keys = json_array();
    char *slash = strrchr(copy, '/');
    for (size_t i = 0; i < checked->key_count; i++)
        json_array_append_new(keys, json_string(checked->keys[i]));
    seal_line(&checked->head, head);
    AUTO(json)
    json_t *root =
        json_pack("{s:s, s:I, s:I, s:O, s:s}", "format", CHECKED_FORM, "checked_ms", checked->at_ms,
                  "signatures", checked->signatures, "keys", keys, "head", head);
    AUTO(text) char *json = json_text(root);
    buffer_printf(&text, "%s\n", json);
    if (slash)
        slash[slash == copy] = '\0';
    return file_write(path, buffer_bytes(&text), 0600, err) && path_sync(slash ? copy : ".", err);
}

bool checked_has_key(const struct checked *checked, const char *key_id)
{
    for (size_t i = 0; i < checked->key_count; i++)
        if (strcmp(checked->keys[i], key_id) == 0)
            return true;
    return false;
}

void checked_take_keys(struct checked *checked, const struct public_keys *keys)
{
    checked->key_count = 0;
    for (size_t i = 0; i < public_keys_count(keys) && i < CHECKED_KEYS_MAX; i++)
        (void)take_key(checked, public_keys_at(keys, i)->id);
}
