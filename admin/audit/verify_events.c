/* The rows of the audit trail in the order of their transactions: each against its own hash, then
 * as a part of its chain, of its seal, and as what covers other rows. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"

enum column {
    FORMAT,
    ID,
    TS,
    XID,
    ENTITY,
    ENTITY_ID,
    ENTITY_SEQ,
    ACTOR_KIND = 8,
    EVENT = 12,
    SUBJECT,
    FROM_STATE,
    TO_STATE,
    BODY,
    ROW_DIGESTS,
    PREV_HASH,
    HASH
};

static bool broken(const struct rows *rows, size_t row, const char *what, struct error *err)
{
    return fail(err, ERR_CONFLICT,
                "audit row %" PRId64 " (%.40s %" PRId64 ", place %" PRId64 "): %s",
                rows_integer(rows, row, ID), rows_text(rows, row, ENTITY),
                rows_integer(rows, row, ENTITY_ID), rows_integer(rows, row, ENTITY_SEQ), what);
}

/* As cs.audit_leaf has it. */
static void take_leaf(struct verify *verify, const struct rows *rows, size_t row,
                      uint8_t ret_leaf[SHA256_SIZE])
{
    static const char form[] = "countersign-audit-v1"; /* the only one: see take_row */
    struct buffer *field = &verify->field;
    buffer_clear(field);
    buffer_add(field, "", 1);
    buffer_add_u32be(field, sizeof form - 1);
    buffer_add(field, form, sizeof form - 1);
    for (int column = ID; column <= PREV_HASH; column++)
        rows_add_field(rows, row, column, field);
    hasher_take(verify->hasher, buffer_bytes(field), ret_leaf);
}

/* The newest one of its own chain holds, wherever that comes in the order of transactions. */
static bool take_proposal(struct verify *verify, const struct link *link, int64_t number,
                          const char *hex)
{
    struct mark *mark = marks_get(&verify->marks, MARK_RETENTION, number, 0);
    bool own = link->kind == verify_kind(verify, bytes_of("retention")) && link->id == number;
    if (!own || link->seq < mark->seq)
        return own;
    mark->seq = link->seq;
    return hex_decode(hex, mark->hash, sizeof mark->hash);
}

/* "decision:7", "revision:2", "attempt:9", "person:4" and so on, with the digest of that row in
 * hex, or null when the row is gone. */
struct item {
    int64_t kind, number; /* MARK_DECISION, … */
    char hex[SHA256_HEX]; /* "" for null */
};

/* NULL when it is none; else what is behind it; as the next one. */
static const char *read_digest(const char *at, char ret_hex[SHA256_HEX])
{
    size_t digits = *at == '"' ? strspn(at + 1, "0123456789abcdef") : 0;
    ret_hex[0] = '\0';
    if (strncmp(at, "null", 4) == 0)
        return at + 4;
    if (digits != SHA256_HEX - 1 || at[1 + digits] != '"')
        return NULL;
    memcpy(ret_hex, at + 1, digits);
    ret_hex[digits] = '\0';
    return at + digits + 2;
}

static const char *read_item(const char *at, struct item *ret_item)
{
    static const char between[] = "\": ";
    size_t len = *at == '"' ? strcspn(at + 1, ":") : 0;
    char *end;
    ret_item->kind = verify_covered_kind(at + 1, len);
    if (!ret_item->kind)
        return NULL;
    at += len + 2;
    ret_item->number = strtoll(at, &end, 10);
    if (end == at || strncmp(end, between, sizeof between - 1) != 0)
        return NULL;
    return read_digest(end + sizeof between - 1, ret_item->hex);
}

/* Only what somebody may is ever taken away. */
static bool take_digest(struct mark *mark, const struct item *item)
{
    bool gone = !item->hex[0] && item->kind >= MARK_PERSON;
    mark->state = gone ? MARK_GONE : 0;
    if (gone)
        memset(mark->hash, 0, sizeof mark->hash); /* of no row */
    return gone || hex_decode(item->hex, mark->hash, sizeof mark->hash);
}

/* Of an attempt, as it was made, and then as it ended; the same for its place in the chain. */
static bool take_newest(struct verify *verify, const struct link *link, const struct item *item)
{
    struct mark *mark = marks_get(&verify->marks, item->kind, item->number, link->id);
    if (link->kind != verify_kind(verify, bytes_of(verify_covered[item->kind].chain)))
        return false;
    if (link->seq < mark->seq)
        return true;
    mark->seq = link->seq;
    return take_digest(mark, item);
}

static bool take_item(struct verify *verify, const struct link *link, const struct item *item)
{
    if (item->kind == MARK_RETENTION)
        return take_proposal(verify, link, item->number, item->hex);
    if (verify_covered[item->kind].chain)
        return take_newest(verify, link, item);
    if (item->kind == MARK_REQUEST && item->number != link->id)
        return false;
    bool is_revision = item->kind == MARK_REVISION;
    struct mark *mark = marks_get(&verify->marks, item->kind, is_revision ? link->id : item->number,
                                  is_revision ? item->number : 0);
    bool twice = mark->seq;
    mark->seq = verify_row_seal(verify);
    return !twice && hex_decode(item->hex, mark->hash, sizeof mark->hash);
}

static bool take_digests(struct verify *verify, const struct rows *rows, size_t row,
                         const struct link *link, struct error *err)
{
    const char *at = rows_text(rows, row, ROW_DIGESTS);
    struct item item;
    at += at ? 2 : 0; /* past jsonb's version and the bracket */
    while (at && *at != '}') {
        at = read_item(at, &item);
        if (!at || !take_item(verify, link, &item))
            return broken(rows, row, "covers a row that is none, or that another one covers", err);
        at += strncmp(at, ", ", 2) == 0 ? 2 : 0;
    }
    return true;
}

/* "subject:from:to:actor kind"; false when no move has such a long one. */
static bool move_key(const struct rows *rows, size_t row, char ret_key[4 * TEXT_SIZE])
{
    static const enum column parts[] = {SUBJECT, FROM_STATE, TO_STATE, ACTOR_KIND};
    size_t at = 0;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct bytes part = rows_bytes(rows, row, (int)parts[i]);
        if (!part.data || part.len >= TEXT_SIZE)
            return false;
        memcpy(ret_key + at, part.data, part.len);
        at += part.len;
        ret_key[at++] = i + 1 < COUNT_OF(parts) ? ':' : '\0';
    }
    return true;
}

/* A number of a body, at its top; 0: none. jsonb writes keys in one way only, and no quote within a
 * text without a backslash before it. */
static int64_t body_number(const char *body, const char *key)
{
    size_t len = strlen(key);
    int depth = 0;
    bool in_text = false;
    for (const char *at = body; *at; at++) {
        if (in_text && *at == '\\')
            at += at[1] ? 1 : 0;
        else if (*at == '"' && !in_text && depth == 1 && strncmp(at, key, len) == 0)
            return strtoll(at + len + (at[len] == '"'), NULL, 10);
        else if (*at == '"')
            in_text = !in_text;
        else if (!in_text)
            depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    }
    return 0;
}

static bool take_move(struct verify *verify, const struct rows *rows, size_t row,
                      struct link *io_link, struct error *err)
{
    char key[4 * TEXT_SIZE];
    if (rows_is_null(rows, row, FROM_STATE) && rows_is_null(rows, row, TO_STATE))
        return true;
    if (rows_is_null(rows, row, FROM_STATE) || rows_is_null(rows, row, TO_STATE))
        return broken(rows, row, "moves without a state", err);
    io_link->move = move_key(rows, row, key) ? verify_move(verify, key) : NULL;
    if (!io_link->move)
        return broken(rows, row, "is a move that such an actor may not make", err);
    if (strcmp(rows_text(rows, row, SUBJECT), "attempt") != 0)
        return true;
    const char *body = rows_text(rows, row, BODY) + 1; /* past jsonb's version */
    io_link->attempt_id = body_number(body, "\"attempt_id\": ");
    return io_link->attempt_id > 0 || broken(rows, row, "moves no attempt that it names", err);
}

static bool is_text(const char *text, const struct rows *rows, size_t row, int column)
{
    struct bytes bytes = rows_bytes(rows, row, column);
    return strlen(text) == bytes.len && memcmp(text, bytes.data, bytes.len) == 0;
}

/* Its place in its chain, which may begin behind rows that were dropped. */
static bool take_place(struct verify *verify, const struct rows *rows, size_t row,
                       const struct link *link, struct error *err)
{
    if (!is_text("request.carried", rows, row, EVENT))
        return verify_chain_row(verify, link, err);
    return verify_drops_carried(verify, link, rows_bytes(rows, row, BODY),
                                rows_integer(rows, row, XID), err);
}

static bool take_row(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    uint8_t leaf[SHA256_SIZE];
    struct bytes hash = rows_bytes(rows, row, HASH);
    struct bytes prev = rows_bytes(rows, row, PREV_HASH);
    struct link link = {.kind = verify_kind(verify, rows_bytes(rows, row, ENTITY)),
                        .id = rows_integer(rows, row, ENTITY_ID),
                        .seq = rows_integer(rows, row, ENTITY_SEQ),
                        .row_id = rows_integer(rows, row, ID),
                        .ts_us = rows_time_us(rows, row, TS),
                        .prev_len = prev.len};
    const struct sealed_row sealed = {rows_integer(rows, row, XID), link.row_id, link.ts_us, leaf};
    take_leaf(verify, rows, row, leaf);
    if (hash.len != sizeof leaf || memcmp(hash.data, leaf, sizeof leaf) != 0 || !link.kind ||
        rows_integer(rows, row, FORMAT) != 1)
        return broken(rows, row, "was changed", err);
    memcpy(link.hash, leaf, sizeof leaf);
    if (prev.len == sizeof link.prev)
        memcpy(link.prev, prev.data, prev.len);
    if (!take_move(verify, rows, row, &link, err) || !take_place(verify, rows, row, &link, err) ||
        !verify_epoch_row(verify, &sealed, err))
        return false;
    verify_drops_row(verify, link.row_id);
    return take_digests(verify, rows, row, &link, err);
}

static void print_progress(const struct verify *verify)
{
    if (verify->options->progress && isatty(STDERR_FILENO))
        fprintf(stderr, "\r%" PRId64 " rows ", verify->result.events);
}

static bool read_page(struct verify *verify, const int64_t after[TABLE_KEYS], int32_t most,
                      struct rows **ret_rows, struct error *err)
{
    char xid[24];
    snprintf(xid, sizeof xid, "%" PRId64, after[0]);
    return sql_verify_events(verify->db, xid, after[1], verify->epoch_ids[0], verify->epoch_ids[1],
                             most, ret_rows, err);
}

static bool take_page(struct verify *verify, struct rows **io_rows, struct error *err)
{
    size_t count = rows_count(*io_rows);
    for (size_t i = 0; i < count; i++)
        if (!take_row(verify, *io_rows, i, err))
            return false;
    verify->result.events += (int64_t)count;
    print_progress(verify);
    return verify_sign_ahead(verify, err);
}

static const struct table events = {.most = VERIFY_PAGE,
                                    .key = {XID, ID},
                                    .first = {0, INT64_MIN},
                                    .read_by_all = read_page,
                                    .take_page = take_page};

bool verify_events(struct verify *verify, struct error *err)
{
    AUTO(rows) struct rows *epochs = NULL;
    if (!sql_verify_epochs(verify->db, &epochs, err))
        return false;
    size_t count = rows_count(epochs) ? rows_count(epochs) : 1;
    for (size_t i = 0; i < count; i++) {
        bool last = i + 1 == count;
        int64_t epoch = rows_count(epochs) ? rows_integer(epochs, i, 0) : 1;
        /* From the first to the last there is no id that is in no epoch. */
        const int64_t ids[2] = {i ? rows_integer(epochs, i, 1) : INT64_MIN,
                                last ? INT64_MAX : rows_integer(epochs, i + 1, 1)};
        memcpy(verify->epoch_ids, ids, sizeof ids);
        if (!verify_epoch_begin(verify, epoch, err) || !verify_pages(verify, &events, 1, err) ||
            !verify_epoch_end(verify, last, err))
            return false;
    }
    return verify_chains_end(verify, err);
}
