/* Dropping a part of the audit trail that two admins agreed to drop, once it is safe in files. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/audit/audit_place.h"
#include "admin/command.h"
#include "admin/audit/export.h"
#include "admin/operator.h"
#include "admin/audit/retention.h"
#include "common/base/settings.h"
#include "statements.h"

#define DROP_MS INT64_C(86400000)

struct dropping {
    int64_t id, min_days;
    const char *folder;
    struct export_range range;
    struct export_result written;
};

static bool read_words(const struct words *words, struct dropping *dropping, struct error *err)
{
    static const long bounds[2] = {1, INT64_MAX};
    long id;
    struct settings settings;
    if (words->count != 2)
        return fail(err, ERR_BAD_REQUEST,
                    "audit drop takes the number of what two admins agreed "
                    "to, and a folder that is not there yet");
    if (!options_number("ID", words->list[0], bounds, &id, err) ||
        !settings_load(SETTINGS_ADMIN, stderr, &settings, err))
        return false;
    dropping->id = id;
    dropping->folder = words->list[1];
    dropping->min_days = settings.retention_min_days;
    return true;
}

/* What may be dropped now, before anything is written. */
static bool ask(struct dropping *dropping, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    json_t *item = json_pack("{s:I, s:I}", "id", dropping->id, "min_days", dropping->min_days);
    if (!operator_call(sql_operator_retention, item, &answer, err))
        return false;
    dropping->range = (struct export_range){
        .us = {INT64_MIN, INT64_MAX},
        .n = {json_integer_of(answer, "first_seal", 0), json_integer_of(answer, "seal", 0)}};
    return true;
}

/* Both statements were signed by the api, and are about the seal that was exported last. */
static bool check_statements(const struct audit_place *place, const struct dropping *dropping,
                             struct error *err)
{
    AUTO(rows) struct rows *begin = NULL;
    AUTO(rows) struct rows *rows = NULL;
    struct signed_statement statement;
    if (!sql_verify_begin(place->db, &begin, err) ||
        !sql_verify_retentions(place->db, dropping->id - 1, 1, &rows, err))
        return false;
    for (int n = 0; n < RETENTION_STATEMENTS; n++) {
        bool made = rows_count(rows) && rows_count(begin) &&
                    rows_integer(rows, 0, RETENTION_ID) == dropping->id &&
                    statement_read(rows, 0, n, rows_text(begin, 0, 1), &statement);
        const char *fault =
            made ? statement_fault(&statement, place->decision_keys) : "was not made";
        if (!fault &&
            memcmp(statement.said.seal_hash, dropping->written.last.hash, SHA256_SIZE) != 0)
            fault = "is about another seal";
        if (fault)
            return fail(err, ERR_CONFLICT, "retention %" PRId64 ": its statement \"%s\" %s",
                        dropping->id, statement_role(n), fault);
    }
    return true;
}

static bool export(struct dropping *dropping, struct error *err)
{
    AUTO(audit_place) struct audit_place place = {0};
    struct export_result read;
    if (!audit_place_open(NULL, &place, err) ||
        !export_write(&place, &dropping->range, dropping->folder, &dropping->written, err))
        return false;
    printf("%" PRId64 " audit rows under %" PRId64 " seals are in %s\n", dropping->written.events,
           dropping->written.seals, dropping->folder);
    return export_verify(place.keys, dropping->folder, &read, err) &&
           check_statements(&place, dropping, err);
}

/* However many rows there are: what was begun is not to end unknown. */
static bool call(json_t *item, json_t **ret_answer, struct error *err)
{
    AUTO(text) char *text = json_text(item);
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    if (!operator_open(&db, err))
        return false;
    db_answers_within(db, DROP_MS);
    return sql_operator_retention_drop(db, text, &rows, err) &&
           operator_answer(rows, ret_answer, err);
}

static bool drop(const struct dropping *dropping, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    AUTO(json)
    json_t *item = json_pack("{s:I, s:I, s:I, s:s}", "id", dropping->id, "min_days",
                             dropping->min_days, "events", dropping->written.events,
                             "manifest_sha256", dropping->written.manifest_sha256);
    if (call(item, &answer, err)) {
        printf("%" PRId64 " audit rows of %" PRId64 " requests are dropped, %" PRId64
               " up to seal %" PRId64 " stay\nmanifest %s\n",
               json_integer_of(answer, "dropped_events", 0), json_integer_of(answer, "requests", 0),
               json_integer_of(answer, "kept_events", 0), json_integer_of(answer, "seal", 0),
               dropping->written.manifest_sha256);
        return true;
    }
    if (err->code == ERR_LOST)
        fprintf(stderr,
                "countersign: keep %s: the rows may be dropped; `countersign audit verify` "
                "says whether they are\n",
                dropping->folder);
    return false;
}

static bool run_drop(struct words *words, int *ret_status, struct error *err)
{
    struct dropping dropping = {0};
    if (!read_words(words, &dropping, err) || !ask(&dropping, err) || !export(&dropping, err) ||
        !drop(&dropping, err))
        return false;
    *ret_status = 0;
    return true;
}

const struct command commands_audit_drop[] = {
    {"audit drop",
     "ID DIR",
     "export to a new folder what two admins agreed to drop, and drop it",
     run_drop,
     {0}},
    {0},
};
