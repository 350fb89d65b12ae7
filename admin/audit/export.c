#include "admin/audit/export.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/folders.h"
#include "build/gen/statements.h"
#include "common/base/clock.h"

#define PAGE 1000

enum { ID = 1, XID = 3, PREV_HASH = 18 };

/* A file that is written and digested at once. */
struct output {
    FILE *file;
    struct sha256 sha;
    int64_t bytes;
};

struct export
{
    const struct audit_place *place;
    const char *folder;
    struct output events, seals;
    struct export_result result;
    int64_t dropped; /* rows up to this seal */
    struct seal first;
    struct buffer field;
};

static bool output_open(const char *folder, const char *name, struct output *ret_output,
                        struct error *err)
{
    AUTO(text) char *path = path_join(folder, name);
    ret_output->file = fopen(path, "wxe");
    if (!ret_output->file)
        return fail(err, ERR_INTERNAL, "can not write %s: %s", path, strerror(errno));
    sha256_start(&ret_output->sha);
    return true;
}

static void output_line(struct output *output, const char *line)
{
    size_t len = strlen(line);
    fputs(line, output->file);
    fputc('\n', output->file);
    sha256_add(&output->sha, (struct bytes){line, len});
    sha256_add(&output->sha, (struct bytes){"\n", 1});
    output->bytes += (int64_t)len + 1;
}

/* What the manifest says of it; NULL when it is not all on disk. */
static json_t *output_end(struct output *output)
{
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX];
    bool good = !ferror(output->file) && fflush(output->file) == 0;
    good = fsync(fileno(output->file)) == 0 && good;
    good = fclose(output->file) == 0 && good;
    output->file = NULL;
    sha256_end(&output->sha, digest);
    hex_encode(digest, sizeof digest, hex);
    return good ? json_pack("{s:s, s:I}", "sha256", hex, "bytes", output->bytes) : NULL;
}

/* A hashed column as text, which bytes are in hex; null stays null. */
static json_t *cell(struct export *export, const struct rows *rows, size_t row, int column)
{
    uint32_t len;
    buffer_clear(&export->field);
    if (rows_is_null(rows, row, column))
        return json_null();
    rows_add_field(rows, row, column, &export->field);
    memcpy(&len, export->field.data, sizeof len);
    len = be32toh(len);
    const char *data = export->field.data + sizeof len;
    if (column < PREV_HASH)
        return json_stringn(data, len);
    AUTO(text) char *hex = memory_new(2 * (size_t)len + 1, 1);
    hex_encode((const uint8_t *)data, len, hex);
    return json_string(hex);
}

static bool write_row(struct export *export, const struct rows *rows, size_t row, struct error *err)
{
    AUTO(json) json_t *array = json_array();
    for (int column = 0; column < EXPORT_COLUMNS; column++)
        if (json_array_append_new(array, cell(export, rows, row, column)) != 0)
            return fail(err, ERR_CONFLICT, "audit row %" PRId64 " holds what is no text",
                        rows_integer(rows, row, ID));
    AUTO(text) char *line = json_text(array);
    output_line(&export->events, line);
    return true;
}

/* As many rows as the seal covers, from its first transaction on. */
static bool write_rows(struct export *export, const struct seal *seal, struct error *err)
{
    int64_t xid = seal->xid_from - 1;
    int64_t id = INT64_MAX;
    for (int64_t left = seal->events; left > 0;) {
        char text[24];
        AUTO(rows) struct rows *rows = NULL;
        snprintf(text, sizeof text, "%" PRId64, xid > 0 ? xid : 0);
        if (!sql_verify_events(export->place->db, text, id, seal->epoch_from, seal->last_id + 1,
                               left < PAGE ? (int32_t)left : PAGE, &rows, err))
            return false;
        size_t got = rows_count(rows);
        if (!got)
            return fail(err, ERR_CONFLICT, "rows of seal %" PRId64 " are missing", seal->n);
        for (size_t i = 0; i < got; i++)
            if (!write_row(export, rows, i, err))
                return false;
        xid = rows_integer(rows, got - 1, XID);
        id = rows_integer(rows, got - 1, ID);
        left -= (int64_t)got;
    }
    return true;
}

static bool write_seal(struct export *export, const struct seal *seal, struct error *err)
{
    char line[SEAL_LINE_SIZE];
    if (seal->n <= export->dropped)
        return fail(err, ERR_NOT_FOUND,
                    "rows up to seal %" PRId64 " were dropped; what `audit drop` exported has them",
                    export->dropped);
    seal_line(seal, line);
    output_line(&export->seals, line);
    if (!export->result.seals++)
        export->first = *seal;
    export->result.events += seal->events;
    export->result.last = *seal;
    return write_rows(export, seal, err);
}

static bool is_within(const struct seal *seal, const struct export_range *range)
{
    return seal->sealed_us >= range->us[0] && seal->sealed_us < range->us[1] &&
           seal->n >= range->n[0] && seal->n <= range->n[1];
}

static bool write_range(struct export *export, const struct export_range *range, struct error *err)
{
    int64_t next = 1;
    AUTO(rows) struct rows *dropped = NULL;
    if (!sql_verify_dropped(export->place->db, &dropped, err))
        return false;
    export->dropped = rows_integer(dropped, 0, 0);
    for (size_t got = PAGE; got == PAGE; next += PAGE) {
        AUTO(rows) struct rows *rows = NULL;
        if (!sql_verify_seals(export->place->db, next, PAGE, &rows, err))
            return false;
        got = rows_count(rows);
        for (size_t i = 0; i < got; i++) {
            struct seal seal;
            if (!seal_from_row(rows, i, &seal))
                return fail(err, ERR_CONFLICT, "seal %" PRId64 " was changed", seal.n);
            if (is_within(&seal, range) && !write_seal(export, &seal, err))
                return false;
        }
    }
    return export->result.seals ||
           fail(err, ERR_NOT_FOUND, "nothing was sealed in that range of time");
}

static bool write_manifest(struct export *export, struct error *err)
{
    char head[SEAL_LINE_SIZE];
    AUTO(text) char *path = path_join(export->folder, "manifest.json");
    AUTO(text) char *parent = path_join(export->folder, "..");
    seal_line(&export->result.last, head);
    json_t *events = output_end(&export->events);
    json_t *seals = output_end(&export->seals);
    AUTO(json)
    json_t *root = json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:{s:o, s:o}}", "format", EXPORT_FORM,
                             "instance", export->first.instance, "first_seal", export->first.n,
                             "last_seal", export->result.last.n, "events", export->result.events,
                             "head", head, "files", "events.jsonl", events, "seals", seals);
    if (!root)
        return fail(err, ERR_INTERNAL, "%s can not be filled", export->folder);
    AUTO(text) char *text = json_text(root);
    uint8_t digest[SHA256_SIZE];
    sha256(bytes_of(text), digest);
    hex_encode(digest, sizeof digest, export->result.manifest_sha256);
    return file_write(path, bytes_of(text), 0644, err) && path_sync(path, err) &&
           path_sync(export->folder, err) && path_sync(parent, err);
}

bool export_write(const struct audit_place *place, const struct export_range *range,
                  const char *folder, struct export_result *ret_result, struct error *err)
{
    struct export export = {.place = place, .folder = folder};
    struct error ignored;
    if (mkdir(folder, 0755) != 0)
        return fail(err, ERR_BAD_REQUEST, "%s can not be made: %s", folder, strerror(errno));
    bool good = output_open(folder, "events.jsonl", &export.events, err) &&
                output_open(folder, "seals", &export.seals, err) &&
                write_range(&export, range, err) && write_manifest(&export, err);
    if (export.events.file)
        fclose(export.events.file);
    if (export.seals.file)
        fclose(export.seals.file);
    buffer_auto(&export.field);
    if (!good)
        (void)!folder_remove(folder, &ignored);
    *ret_result = export.result;
    return good;
}
