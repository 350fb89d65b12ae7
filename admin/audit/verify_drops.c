#include "admin/audit/verify_drops.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"
#include "common/base/clock.h"
#include "common/base/json.h"

static bool broken(int64_t retention_id, const char *what, struct error *err)
{
    return fail(err, ERR_CONFLICT, "retention %" PRId64 ": %s", retention_id, what);
}

/* A jsonb column: its text behind a byte that names its version. Caller decrefs; NULL: none. */
static json_t *body_of(struct bytes column)
{
    json_t *body = NULL;
    struct error ignored;
    if (column.len < 1 ||
        !json_read_object((struct bytes){(const char *)column.data + 1, column.len - 1}, &body,
                          &ignored))
        return NULL;
    return body;
}

static bool hash_of(const json_t *body, const char *key, uint8_t ret_hash[SHA256_SIZE])
{
    const char *hex = json_text_of(body, key);
    return hex && hex_decode(hex, ret_hash, SHA256_SIZE);
}

static const char *check_statement(const struct verify *verify, struct drop *drop, int n,
                                   const json_t *said)
{
    uint8_t signature[SIGNATURE_SIZE];
    const char *hex = json_text_of(said, "signature");
    drop->people[n] = json_integer_of(said, "person_id", 0);
    drop->at_ms[n] = json_integer_of(said, "at_ms", 0);
    if (!hex || !hex_decode(hex, signature, sizeof signature))
        return "is not signed";
    const struct signed_statement statement = {.said = {.instance = verify->instance,
                                                        .retention_id = drop->retention_id,
                                                        .seal = drop->seal,
                                                        .seal_hash = drop->seal_hash,
                                                        .person_id = drop->people[n],
                                                        .at_ms = drop->at_ms[n],
                                                        .role = statement_role(n)},
                                               .key_id = json_text_of(said, "key_id"),
                                               .signature = {signature, sizeof signature}};
    return statement_fault(&statement, verify->options->decision_keys);
}

/* What is wrong with what the audit trail says of it; NULL: nothing. */
static const char *take_body(const struct verify *verify, const json_t *body, struct drop *drop)
{
    const json_t *statements = json_object_get(body, "statements");
    drop->seal = json_integer_of(body, "seal", 0);
    drop->first_seal = json_integer_of(body, "first_seal", 0);
    drop->dropped = json_integer_of(body, "dropped_events", -1);
    drop->kept = json_integer_of(body, "kept_events", -1);
    if (!hash_of(body, "seal_hash", drop->seal_hash) ||
        !hash_of(body, "kept_root", drop->kept_root) ||
        !hash_of(body, "manifest_sha256", drop->manifest) || drop->dropped < 0 || drop->kept < 0 ||
        json_array_size(statements) != RETENTION_STATEMENTS)
        return "does not say what was dropped";
    for (int n = 0; n < RETENTION_STATEMENTS; n++) {
        const char *fault = check_statement(verify, drop, n, json_array_get(statements, (size_t)n));
        if (fault)
            return fault;
    }
    return drop->people[0] == drop->people[1] ? "was agreed to by who proposed it" : NULL;
}

static const char *take_drop(struct verify *verify, const struct rows *rows, size_t row)
{
    enum { ID, XID, RETENTION, BODY, WITHDRAWN };
    struct drops *drops = &verify->drops;
    struct drop *drop = &drops->list[row];
    AUTO(json) json_t *body = body_of(rows_bytes(rows, row, BODY));
    drop->id = rows_integer(rows, row, ID);
    drop->xid = rows_integer(rows, row, XID);
    drop->retention_id = rows_integer(rows, row, RETENTION);
    drop->bound = VERIFY_NO_SEAL;
    const char *fault = take_body(verify, body, drop);
    int64_t until = verify_drops_until(verify);
    drops->count++;
    if (fault)
        return fault;
    if (rows_integer(rows, row, WITHDRAWN))
        return "was withdrawn";
    return drop->seal > until && drop->first_seal == until + 1
               ? NULL
               : "does not begin where the part before it ends";
}

bool verify_drops_read(struct verify *verify, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_verify_drops(verify->db, &rows, err))
        return false;
    size_t count = rows_count(rows);
    verify->drops.list = memory_new(count ? count : 1, sizeof *verify->drops.list);
    for (size_t i = 0; i < count; i++) {
        const char *fault = take_drop(verify, rows, i);
        if (fault)
            return broken(verify->drops.list[i].retention_id, fault, err);
    }
    return true;
}

static struct drop *newest(const struct verify *verify)
{
    const struct drops *drops = &verify->drops;
    return drops->count ? &drops->list[drops->count - 1] : NULL;
}

int64_t verify_drops_until(const struct verify *verify)
{
    const struct drop *drop = newest(verify);
    return drop ? drop->seal : 0;
}

void verify_drops_row(struct verify *verify, int64_t row_id)
{
    for (size_t i = 0; i < verify->drops.count; i++)
        if (verify->drops.list[i].id == row_id)
            verify->drops.list[i].bound = verify_row_seal(verify);
}

int64_t verify_drops_bound(const struct verify *verify, int64_t seal)
{
    const struct drop *drop = newest(verify);
    return drop && seal <= drop->seal && drop->bound > seal ? drop->bound : seal;
}

static bool is_hash(const uint8_t a[SHA256_SIZE], const uint8_t b[SHA256_SIZE])
{
    return memcmp(a, b, SHA256_SIZE) == 0;
}

/* At the last of these seals: what stayed, and that together with what went it is all. */
static const char *kept_fault(const struct verify *verify, const struct drop *last)
{
    const struct drops *drops = &verify->drops;
    uint8_t root[SHA256_SIZE];
    int64_t all = last->kept;
    for (size_t i = 0; i < drops->count; i++)
        all += drops->list[i].dropped;
    if ((int64_t)verify->merkle.count != last->kept)
        return "other rows stayed than it says";
    if (last->kept)
        merkle_root(&verify->merkle, root);
    if (last->kept && !is_hash(root, last->kept_root))
        return "other rows stayed than it says";
    return all == drops->events ? NULL : "what went and what stayed is not what its seals cover";
}

bool verify_drops_seal(struct verify *verify, struct error *err)
{
    struct drops *drops = &verify->drops;
    const struct drop *last = newest(verify);
    const struct seal *seal = &verify->seal;
    assert(last);
    drops->events += seal->events;
    for (size_t i = 0; i < drops->count; i++) {
        struct drop *drop = &drops->list[i];
        if (drop->seal != seal->n)
            continue;
        if (!is_hash(drop->seal_hash, seal->hash))
            return broken(drop->retention_id, "is about another seal", err);
        drop->sealed_us = seal->sealed_us;
    }
    const char *fault = seal->n == last->seal ? kept_fault(verify, last) : NULL;
    return !fault || broken(last->retention_id, fault, err);
}

/* The part that was dropped in this transaction of this epoch. */
static struct drop *drop_of(const struct verify *verify, int64_t retention_id, int64_t xid)
{
    for (size_t i = 0; i < verify->drops.count; i++) {
        struct drop *drop = &verify->drops.list[i];
        if (drop->retention_id == retention_id && drop->xid == xid &&
            drop->id >= verify->epoch_ids[0] && drop->id < verify->epoch_ids[1])
            return drop;
    }
    return NULL;
}

/* Attempts begin in the states that the dropped rows left them in. */
static const char *carry_attempts(struct verify *verify, const json_t *attempts)
{
    const char *id;
    json_t *state;
    if (!json_is_object(attempts))
        return "does not say where its attempts stand";
    json_object_foreach ((json_t *)attempts, id, state) {
        int16_t number = verify_state(verify, bytes_of(json_string_value(state)));
        struct mark *mark = marks_get(&verify->marks, MARK_ATTEMPT_STATE, strtoll(id, NULL, 10), 0);
        if (number <= 0 || mark->state)
            return "carries an attempt on that moves elsewhere";
        mark->state = number;
        mark->seq = MARK_BEGIN_DROPPED;
    }
    return NULL;
}

static const char *carried_fault(struct verify *verify, const struct link *link, const json_t *body,
                                 int64_t xid)
{
    int64_t rows = json_integer_of(body, "rows", 0);
    struct drop *drop = drop_of(verify, json_integer_of(body, "retention_id", 0), xid);
    int16_t state = verify_state(verify, bytes_of(json_text_of(body, "request")));
    if (!drop || link->kind != verify_kind(verify, bytes_of("request")))
        return "carries rows that nobody dropped";
    if (rows < 1 || rows >= link->seq || link->move)
        return "carries other rows than there were";
    if (!verify_state_is_over(verify, state))
        return "carries a request that was not over";
    drop->carried += rows;
    return carry_attempts(verify, json_object_get(body, "attempts"));
}

bool verify_drops_carried(struct verify *verify, const struct link *link, struct bytes column,
                          int64_t xid, struct error *err)
{
    AUTO(json) json_t *body = body_of(column);
    const char *fault = carried_fault(verify, link, body, xid);
    int16_t state = verify_state(verify, bytes_of(json_text_of(body, "request")));
    return fault ? verify_chain_broken(verify, link, fault, err)
                 : verify_chain_begin(verify, link, state, err);
}

/* What the proposal says is what the audit trail says of the drop. */
static bool is_same(const struct verify *verify, const struct drop *drop, const struct rows *rows,
                    size_t row)
{
    struct bytes manifest = rows_bytes(rows, row, RETENTION_MANIFEST);
    bool same = drop->xid == rows_integer(rows, row, RETENTION_DROPPED_XID) &&
                drop->seal == rows_integer(rows, row, RETENTION_SEAL) &&
                drop->first_seal == rows_integer(rows, row, RETENTION_FIRST_SEAL) &&
                drop->dropped == rows_integer(rows, row, RETENTION_DROPPED_EVENTS) &&
                drop->kept == rows_integer(rows, row, RETENTION_KEPT_EVENTS) &&
                manifest.len == SHA256_SIZE && is_hash(manifest.data, drop->manifest);
    for (int n = 0; n < RETENTION_STATEMENTS; n++) {
        struct signed_statement statement;
        same = same && statement_read(rows, row, n, verify->instance, &statement) &&
               statement.said.person_id == drop->people[n] &&
               statement.said.at_ms == drop->at_ms[n];
    }
    return same;
}

static const char *proposal_fault(const struct verify *verify, const struct rows *rows, size_t row)
{
    struct signed_statement statement;
    for (int n = 0; n < RETENTION_STATEMENTS; n++) {
        const char *fault = statement_read(rows, row, n, verify->instance, &statement)
                                ? statement_fault(&statement, verify->options->decision_keys)
                                : NULL;
        if (fault)
            return fault;
    }
    if (strcmp(rows_text(rows, row, RETENTION_STATE), "dropped") != 0)
        return NULL;
    for (size_t i = 0; i < verify->drops.count; i++) {
        struct drop *drop = &verify->drops.list[i];
        if (drop->retention_id == rows_integer(rows, row, RETENTION_ID) &&
            is_same(verify, drop, rows, row)) {
            drop->proposed = true;
            return NULL;
        }
    }
    return "was not dropped as it says";
}

bool verify_drops_proposal(struct verify *verify, const struct rows *rows, size_t row,
                           struct error *err)
{
    uint8_t digest[SHA256_SIZE];
    int64_t id = rows_integer(rows, row, RETENTION_ID);
    const int columns[2] = {RETENTION_FORMAT_OF_ROW, RETENTION_KEPT_EVENTS};
    verify_take_digest(verify, rows, row, columns, digest);
    if (!verify_is_covered(verify, (const int64_t[]){MARK_RETENTION, id, 0}, digest))
        return broken(id, "is not as the audit trail has it", err);
    const char *fault = proposal_fault(verify, rows, row);
    return !fault || broken(id, fault, err);
}

bool verify_drops_end(struct verify *verify, struct error *err)
{
    for (size_t i = 0; i < verify->drops.count; i++) {
        const struct drop *drop = &verify->drops.list[i];
        bool last = drop == newest(verify);
        if (!drop->sealed_us)
            return broken(drop->retention_id, "its seal is missing", err);
        if (!drop->proposed)
            return broken(drop->retention_id, "nobody proposed what was dropped", err);
        /* Rows that carry were dropped in their turn, but not since the last time. */
        if (drop->carried > drop->dropped || (last && drop->carried != drop->dropped))
            return broken(drop->retention_id, "other rows went than are carried", err);
    }
    return true;
}

void verify_drops_print(const struct verify *verify, FILE *out)
{
    for (size_t i = 0; i < verify->drops.count; i++) {
        const struct drop *drop = &verify->drops.list[i];
        char sealed_at[25], manifest[SHA256_HEX];
        clock_format(drop->sealed_us / 1000, sealed_at);
        hex_encode(drop->manifest, sizeof drop->manifest, manifest);
        fprintf(out,
                "retention %" PRId64 ": dropped %" PRId64 " rows of seals %" PRId64 " to %" PRId64
                ", of %s; proposed by person %" PRId64 ", agreed by person %" PRId64
                "; manifest %s\n",
                drop->retention_id, drop->dropped, drop->first_seal, drop->seal, sealed_at,
                drop->people[0], drop->people[1], manifest);
    }
}
