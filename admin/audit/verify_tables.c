/* Rows that the audit trail covers: each decision, revision and attempt as it was made, each state
 * as the last move left it, and each run as its approval allows. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"

bool verify_broken(const char *what, int64_t id, const char *why, struct error *err)
{
    return fail(err, ERR_CONFLICT, "%s %" PRId64 ": %s", what, id, why);
}

void verify_take_digest(struct verify *verify, const struct rows *rows, size_t row,
                        const int columns[2], uint8_t ret_digest[SHA256_SIZE])
{
    buffer_clear(&verify->field);
    buffer_add(&verify->field, "", 1);
    for (int column = columns[0]; column <= columns[1]; column++)
        rows_add_field(rows, row, column, &verify->field);
    hasher_take(verify->hasher, buffer_bytes(&verify->field), ret_digest);
}

bool verify_is_covered(struct verify *verify, const int64_t key[3],
                       const uint8_t digest[SHA256_SIZE])
{
    struct mark *mark = marks_find(&verify->marks, key[0], key[1], key[2]);
    if (!mark || memcmp(mark->hash, digest, SHA256_SIZE) != 0)
        return false;
    mark->seen = true;
    return true;
}

/* Sets whether its signature was checked before. */
static bool decision(struct verify *verify, const struct rows *rows, size_t row, bool *ret_checked,
                     struct error *err)
{
    enum { KEY_ID = 17, NEEDED, SEEN_BYTES };
    uint8_t digest[SHA256_SIZE];
    int64_t id = rows_integer(rows, row, 0);
    int last = rows_is_null(rows, row, SEEN_BYTES) ? NEEDED : SEEN_BYTES;
    verify_take_digest(verify, rows, row, (const int[]){1, last}, digest);
    if (!verify_is_covered(verify, (const int64_t[]){MARK_DECISION, id, 0}, digest))
        return verify_broken("decision", id, "is not as the audit trail has it", err);
    const struct mark *mark = marks_find(&verify->marks, MARK_DECISION, id, 0);
    bool earlier = verify_checked_decision(verify, mark, rows_text(rows, row, KEY_ID));
    *ret_checked = earlier || id <= verify->signed_to;
    return true;
}

/* Signatures take longer than all the rest: it goes on meanwhile. */
static bool decisions(struct verify *verify, struct rows **io_rows, struct error *err)
{
    size_t count = rows_count(*io_rows);
    bool *checked = memory_new(count, sizeof *checked);
    for (size_t i = 0; i < count; i++)
        if (!decision(verify, *io_rows, i, &checked[i], err)) {
            free(checked);
            return false;
        }
    signers_take(verify->signers, TAKE(*io_rows), checked);
    return true;
}

/* The database is waited for while the trail is read: there is time for signatures. Whether the
 * trail has these rows is asked in their turn; with what was checked earlier, hardly any is left.
 */
bool verify_sign_ahead(struct verify *verify, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    const struct checked *checked = verify->options->checked;
    if ((checked && checked->head.n) || !signers_have_room(verify->signers))
        return true;
    pthread_mutex_lock(&verify->db_lock);
    bool good = sql_verify_decisions(verify->db, verify->signed_to, VERIFY_PAGE, &rows, err);
    pthread_mutex_unlock(&verify->db_lock);
    size_t count = good ? rows_count(rows) : 0;
    if (count == 0)
        return good;
    verify->signed_to = rows_integer(rows, count - 1, 0);
    signers_take(verify->signers, TAKE(rows), memory_new(count, sizeof(bool)));
    return true;
}

static void take_bundle(struct verify *verify, const struct rows *rows, size_t row,
                        uint8_t ret_digest[SHA256_SIZE])
{
    enum { FIRST = 16, FILES = 22, APPROVAL_MS = 36, TEAM, LAST = 42 };
    int last = rows_is_null(rows, row, TEAM) ? APPROVAL_MS : LAST;
    struct bytes files = rows_bytes(rows, row, FILES);
    buffer_clear(&verify->field);
    for (int column = FIRST; column < FILES; column++)
        rows_add_field(rows, row, column, &verify->field);
    buffer_add(&verify->field, files.data, files.len);
    for (int column = FILES + 1; column <= last; column++)
        rows_add_field(rows, row, column, &verify->field);
    hasher_take(verify->hasher, buffer_bytes(&verify->field), ret_digest);
}

static bool is_digest(struct bytes stored, const uint8_t digest[SHA256_SIZE])
{
    return stored.len == SHA256_SIZE && memcmp(stored.data, digest, SHA256_SIZE) == 0;
}

static bool revisions(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    enum { REQUEST, REVISION, CODE_SHA256 = 9, BUNDLE_SHA256, CODE = 14, COUNTS };
    uint8_t digest[SHA256_SIZE], code[SHA256_SIZE], bundle[SHA256_SIZE];
    const int64_t key[3] = {MARK_REVISION, rows_integer(rows, row, REQUEST),
                            rows_integer(rows, row, REVISION)};
    verify_take_digest(verify, rows, row, (const int[]){2, 13}, digest);
    hasher_take(verify->hasher, rows_bytes(rows, row, CODE), code);
    take_bundle(verify, rows, row, bundle);
    bool good = verify_is_covered(verify, key, digest) && rows_integer(rows, row, COUNTS) &&
                is_digest(rows_bytes(rows, row, CODE_SHA256), code) &&
                is_digest(rows_bytes(rows, row, BUNDLE_SHA256), bundle);
    return good ||
           fail(err, ERR_CONFLICT,
                "revision %" PRId64 " of request %" PRId64 ": is not as the audit trail has it",
                key[2], key[1]);
}

/* Whether the last move of it was to the state that is stored; before the first, that is "". */
static bool is_state(const struct verify *verify, const struct mark *mark, struct bytes state)
{
    return verify_state(verify, state) == (mark ? mark->state : 0);
}

/* started_at is set just before the audit row of the start is written, by the same clock. */
static bool began_then(const struct mark *mark, const struct rows *rows, size_t row)
{
    enum { STARTED_AT = 12, APART_US = 60000000 };
    int64_t said_us = mark ? mark->seq : 0;
    if (said_us == MARK_BEGIN_DROPPED || rows_is_null(rows, row, STARTED_AT))
        return said_us <= 0;
    int64_t apart_us = said_us - rows_time_us(rows, row, STARTED_AT);
    return apart_us > -APART_US && apart_us < APART_US;
}

static bool attempts(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    int64_t id = rows_integer(rows, row, 0);
    const struct mark *state = marks_find(&verify->marks, MARK_ATTEMPT_STATE, id, 0);
    if (!is_state(verify, state, rows_bytes(rows, row, 1)))
        return verify_broken("attempt", id, "is in a state that no move led to", err);
    if (!began_then(state, rows, row))
        return verify_broken("attempt", id, "began at another time than the audit trail has it",
                             err);
    return verify_results_attempt(verify, rows, row, err);
}

static bool requests(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    enum { FIRST = 2, LAST = 11 };
    uint8_t digest[SHA256_SIZE];
    int64_t id = rows_integer(rows, row, 0);
    int64_t kind = verify_kind(verify, bytes_of("request"));
    const struct mark *mark = marks_find(&verify->marks, kind, id, 0);
    verify_take_digest(verify, rows, row, (const int[]){FIRST, LAST}, digest);
    if (!marks_find(&verify->marks, MARK_REQUEST, id, 0))
        verify->result.unbound_requests++;
    else if (!verify_is_covered(verify, (const int64_t[]){MARK_REQUEST, id, 0}, digest))
        return verify_broken("request", id, "is not as the audit trail has it", err);
    return is_state(verify, mark, rows_bytes(rows, row, 1)) ||
           verify_broken("request", id, "is in a state that no move led to", err);
}

static bool runs(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    const char *fault = rows_text(rows, row, 1);
    (void)verify;
    return !fault || verify_broken("attempt", rows_integer(rows, row, 0), fault, err);
}

/* What the audit trail covers, and nobody has seen. */
static bool none_is_missing(const struct verify *verify, struct error *err)
{
    for (size_t i = 0; i < verify->marks.size; i++) {
        const struct mark *mark = &verify->marks.list[i];
        if (mark->kind < MARK_DECISION || mark->kind >= MARK_ATTEMPT_STATE || mark->seen ||
            mark->state == MARK_GONE)
            continue;
        const struct covered *covered = &verify_covered[mark->kind];
        return verify_broken(covered->what ? covered->what : covered->name, mark->id, "is missing",
                             err);
    }
    return true;
}

#define REVISIONS_PAGE 500 /* with their code */

static bool read_revisions(struct verify *verify, const int64_t after[TABLE_KEYS], int32_t most,
                           struct rows **ret_rows, struct error *err)
{
    return sql_verify_revisions(verify->db, after[0], (int32_t)after[1], most, ret_rows, err);
}

#define BY_ID .most = VERIFY_PAGE, .first = {INT64_MIN}

/* Decisions first: their signatures are checked while the others are read. */
static const struct table tables[] = {
    {BY_ID, .read = sql_verify_decisions, .take_page = decisions},
    {BY_ID, .read = sql_verify_attempts, .take = attempts},
    {BY_ID, .read = sql_verify_requests, .take = requests},
    {BY_ID, .read = sql_verify_retentions, .take = verify_drops_proposal},
    {.most = REVISIONS_PAGE,
     .key = {0, 1},
     .first = {INT64_MIN, 0},
     .read_by_all = read_revisions,
     .take = revisions},
    {BY_ID, .known = true, .read = sql_verify_runs, .take = runs},
};

/* A signature that does not hold is what is told: decisions come first. */
bool verify_tables(struct verify *verify, struct error *err)
{
    struct error unsigned_err;
    bool good = verify_pages(verify, tables, COUNT_OF(tables), err) &&
                verify_results(verify, err) && verify_inputs(verify, err) &&
                verify_costs(verify, err) && verify_rights(verify, err) &&
                none_is_missing(verify, err) && verify_strays(verify, err) &&
                verify_stray_rights(verify, err) && verify_budgets(verify, err) &&
                verify_checked_end(verify, err) && verify_drops_end(verify, err);
    if (signers_end(TAKE(verify->signers), &unsigned_err))
        return good;
    *err = unsigned_err;
    return false;
}
