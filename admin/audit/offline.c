/* Verifying what was exported, without a database. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/audit/export.h"
#include "admin/folders.h"
#include "common/domain/merkle.h"

enum { XID = 3, PREV_HASH = 18, HASH };

struct offline {
    const struct public_keys *keys;
    FILE *events;
    char *line; /* of it */
    size_t line_size;
    struct export_result result;
    struct buffer field;
};

/* The file has the length and digest that the manifest says. */
static bool check_file(const char *folder, const json_t *files, const char *name, struct error *err)
{
    char part[65536], hex[SHA256_HEX];
    struct sha256 sha;
    uint8_t digest[SHA256_SIZE];
    size_t got;
    AUTO(text) char *path = path_join(folder, name);
    const char *wanted = json_text_of(json_object_get(files, name), "sha256");
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(err, ERR_NOT_FOUND, "%s can not be read", path);
    sha256_start(&sha);
    while ((got = fread(part, 1, sizeof part, file)) > 0)
        sha256_add(&sha, (struct bytes){part, got});
    fclose(file);
    sha256_end(&sha, digest);
    hex_encode(digest, sizeof digest, hex);
    return (wanted && strcmp(hex, wanted) == 0) ||
           fail(err, ERR_CONFLICT, "%s is not the file of the manifest", path);
}

static void add_text(struct buffer *field, const void *data, size_t len)
{
    buffer_add_u32be(field, (uint32_t)len);
    buffer_add(field, data, len);
}

static bool add_cell(struct offline *offline, const json_t *cell, size_t column)
{
    uint8_t raw[SHA256_SIZE];
    const char *text = json_string_value(cell);
    size_t len = json_string_length(cell);
    if (json_is_null(cell))
        buffer_add_u32be(&offline->field, UINT32_MAX);
    else if (text && column < PREV_HASH)
        add_text(&offline->field, text, len);
    else if (text && len / 2 <= sizeof raw && hex_decode(text, raw, len / 2))
        add_text(&offline->field, raw, len / 2);
    else
        return false;
    return true;
}

/* The row's hash, made anew; false when the row says another one, or is none. */
static bool take_leaf(struct offline *offline, const json_t *row, uint8_t ret_leaf[SHA256_SIZE])
{
    char hex[SHA256_HEX], form[40];
    const char *format = json_string_value(json_array_get(row, 0));
    if (json_array_size(row) != EXPORT_COLUMNS || !format)
        return false;
    int len = snprintf(form, sizeof form, "countersign-audit-v%.8s", format);
    buffer_clear(&offline->field);
    buffer_add(&offline->field, "", 1);
    add_text(&offline->field, form, (size_t)len);
    for (size_t column = 1; column <= PREV_HASH; column++)
        if (!add_cell(offline, json_array_get(row, column), column))
            return false;
    sha256(buffer_bytes(&offline->field), ret_leaf);
    hex_encode(ret_leaf, SHA256_SIZE, hex);
    const char *said = json_string_value(json_array_get(row, HASH));
    return said && strcmp(said, hex) == 0;
}

static bool take_row(struct offline *offline, const struct seal *seal, struct merkle *merkle,
                     struct error *err)
{
    uint8_t leaf[SHA256_SIZE];
    int64_t number = ++offline->result.events;
    ssize_t len = getline(&offline->line, &offline->line_size, offline->events);
    AUTO(json)
    json_t *row =
        len > 0 ? json_loadb(offline->line, (size_t)len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!row || !take_leaf(offline, row, leaf))
        return fail(err, ERR_CONFLICT, "events.jsonl, line %" PRId64 ": was changed", number);
    int64_t xid = strtoll(json_string_value(json_array_get(row, XID)), NULL, 10);
    if (xid < seal->xid_from || xid >= seal->xid_to)
        return fail(err, ERR_CONFLICT, "events.jsonl, line %" PRId64 ": is not of seal %" PRId64,
                    number, seal->n);
    merkle_add(merkle, leaf);
    return true;
}

static bool take_seal(struct offline *offline, const struct seal *seal, struct error *err)
{
    struct merkle merkle = {0};
    uint8_t root[SHA256_SIZE];
    const struct seal *before = &offline->result.last;
    bool follows = !before->n || (seal->n == before->n + 1 &&
                                  memcmp(seal->prev_hash, before->hash, SHA256_SIZE) == 0);
    if (!follows || seal->events < 1 || !seal_signature_holds(seal, offline->keys))
        return fail(err, ERR_CONFLICT,
                    "seal %" PRId64 " does not follow, or its signature is wrong", seal->n);
    for (int64_t i = 0; i < seal->events; i++)
        if (!take_row(offline, seal, &merkle, err))
            return false;
    merkle_root(&merkle, root);
    if (memcmp(root, seal->root, sizeof root) != 0)
        return fail(err, ERR_CONFLICT, "seal %" PRId64 " covers other rows", seal->n);
    offline->result.seals++;
    offline->result.last = *seal;
    return true;
}

static bool take_seals(struct offline *offline, FILE *seals, struct error *err)
{
    char line[SEAL_LINE_SIZE + 1];
    while (fgets(line, sizeof line, seals)) {
        struct seal seal;
        line[strcspn(line, "\n")] = '\0';
        if (!seal_from_line(line, &seal))
            return fail(err, ERR_CONFLICT, "seals, line %" PRId64 ": is no head",
                        offline->result.seals + 1);
        if (!take_seal(offline, &seal, err))
            return false;
    }
    if (getline(&offline->line, &offline->line_size, offline->events) > 0)
        return fail(err, ERR_CONFLICT, "events.jsonl has rows that no seal covers");
    return true;
}

static bool check_manifest(const char *folder, json_t **ret_root, struct error *err)
{
    AUTO(text) char *path = path_join(folder, "manifest.json");
    AUTO(text) char *text = NULL;
    AUTO(json) json_t *root = NULL;
    if (!file_read(path, &text, err) || !json_read_object(bytes_of(text), &root, err))
        return false;
    const char *format = json_text_of(root, "format");
    const json_t *files = json_object_get(root, "files");
    if (!format || strcmp(format, EXPORT_FORM) != 0)
        return fail(err, ERR_BAD_REQUEST, "%s is not of the form %s", path, EXPORT_FORM);
    if (!check_file(folder, files, "events.jsonl", err) || !check_file(folder, files, "seals", err))
        return false;
    *ret_root = TAKE(root);
    return true;
}

/* The manifest says which part of the history this is: no seal may be cut off at its end. */
static bool is_all(const struct offline *offline, const json_t *manifest, struct error *err)
{
    char head[SEAL_LINE_SIZE];
    const char *said = json_text_of(manifest, "head");
    seal_line(&offline->result.last, head);
    return (offline->result.last.n && said && strcmp(said, head) == 0 &&
            json_integer_of(manifest, "events", -1) == offline->result.events &&
            json_integer_of(manifest, "first_seal", -1) ==
                offline->result.last.n - offline->result.seals + 1) ||
           fail(err, ERR_CONFLICT, "manifest.json tells of other seals than there are");
}

bool export_verify(const struct public_keys *keys, const char *folder,
                   struct export_result *ret_result, struct error *err)
{
    struct offline offline = {.keys = keys};
    AUTO(json) json_t *manifest = NULL;
    AUTO(text) char *seals_path = path_join(folder, "seals");
    AUTO(text) char *events_path = path_join(folder, "events.jsonl");
    if (!check_manifest(folder, &manifest, err))
        return false;
    FILE *seals = fopen(seals_path, "re");
    offline.events = fopen(events_path, "re");
    bool good = seals && offline.events ? take_seals(&offline, seals, err)
                                        : fail(err, ERR_NOT_FOUND, "%s can not be read", folder);
    if (seals)
        fclose(seals);
    if (offline.events)
        fclose(offline.events);
    buffer_auto(&offline.field);
    free(offline.line);
    *ret_result = offline.result;
    return good && is_all(&offline, manifest, err);
}
