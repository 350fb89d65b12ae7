/* The rows of the audit trail in the order of their transactions: each against its own hash, then
 * as a part of its chain, of its seal, and as what covers other rows. */
#include <inttypes.h>
#include <pthread.h>
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
    HASH,
    ATTEMPT_ID
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

/* "decision:7", "revision:2" and "attempt:9", with the digest of that row in hex. */
static bool take_digest(struct verify *verify, const struct link *link, const char *item)
{
    static const char *const kinds[] = {"decision", "revision", "attempt", "retention"};
    char kind[16], hex[SHA256_HEX + 1];
    int64_t number;
    int64_t found = 0;
    if (sscanf(item, "\"%15[a-z]:%" SCNd64 "\": \"%65[0-9a-f]\"", kind, &number, hex) != 3)
        return false;
    while (found < (int64_t)COUNT_OF(kinds) && strcmp(kinds[found], kind) != 0)
        found++;
    if (found == (int64_t)COUNT_OF(kinds))
        return false;
    if (found + 1 == MARK_RETENTION)
        return take_proposal(verify, link, number, hex);
    bool is_revision = found + 1 == MARK_REVISION;
    struct mark *mark = marks_get(&verify->marks, found + 1, is_revision ? link->id : number,
                                  is_revision ? number : 0);
    bool twice = mark->seq;
    mark->seq = verify_row_seal(verify);
    return !twice && hex_decode(hex, mark->hash, sizeof mark->hash);
}

static bool take_digests(struct verify *verify, const struct rows *rows, size_t row,
                         const struct link *link, struct error *err)
{
    struct bytes text = rows_bytes(rows, row, ROW_DIGESTS);
    if (!text.len)
        return true;
    AUTO(buffer) struct buffer copy = {0};
    buffer_add(&copy, (const char *)text.data + 1, text.len - 1); /* past jsonb's version */
    for (char *at = copy.data + 1; at && *at == '"';) {
        if (!take_digest(verify, link, at))
            return broken(rows, row, "covers a row that is none, or that another one covers", err);
        at = strstr(at, "\", \"");
        at = at ? at + 3 : NULL;
    }
    return true;
}

static bool take_move(struct verify *verify, const struct rows *rows, size_t row,
                      struct link *io_link, struct error *err)
{
    char key[4 * TEXT_SIZE];
    const char *id = rows_text(rows, row, ATTEMPT_ID);
    if (rows_is_null(rows, row, FROM_STATE) && rows_is_null(rows, row, TO_STATE))
        return true;
    if (rows_is_null(rows, row, FROM_STATE) || rows_is_null(rows, row, TO_STATE))
        return broken(rows, row, "moves without a state", err);
    snprintf(key, sizeof key, "%s:%s:%s:%s", rows_text(rows, row, SUBJECT),
             rows_text(rows, row, FROM_STATE), rows_text(rows, row, TO_STATE),
             rows_text(rows, row, ACTOR_KIND));
    io_link->move = verify_move(verify, key);
    if (!io_link->move)
        return broken(rows, row, "is a move that such an actor may not make", err);
    io_link->attempt_id = id ? strtoll(id, NULL, 10) : 0;
    bool is_attempt = strcmp(rows_text(rows, row, SUBJECT), "attempt") == 0;
    return is_attempt == (io_link->attempt_id > 0) ||
           broken(rows, row, "moves no attempt that it names", err);
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

/* A page of rows of one epoch, behind a transaction and id. */
struct page {
    struct verify *verify;
    int64_t ids[2], xid, id;
    struct rows *rows;
    bool good;
    struct error err;
};

static void *fetch(void *context)
{
    struct page *page = context;
    char xid[24];
    snprintf(xid, sizeof xid, "%" PRId64, page->xid);
    pthread_mutex_lock(&page->verify->db_lock);
    page->good = sql_verify_events(page->verify->db, xid, page->id, page->ids[0], page->ids[1],
                                   VERIFY_PAGE, &page->rows, &page->err);
    pthread_mutex_unlock(&page->verify->db_lock);
    return NULL;
}

/* Hashes a page while the database makes the next one; `io_page` is that one then. */
static bool take_page(struct page *io_page, bool *ret_more, struct error *err)
{
    pthread_t thread;
    AUTO(rows) struct rows *rows = TAKE(io_page->rows);
    size_t got = rows_count(rows);
    bool more = got == VERIFY_PAGE;
    if (more) {
        io_page->xid = rows_integer(rows, got - 1, XID);
        io_page->id = rows_integer(rows, got - 1, ID);
    }
    if (more && pthread_create(&thread, NULL, fetch, io_page) != 0)
        return fail(err, ERR_INTERNAL, "no thread can be started");
    bool good = true;
    for (size_t i = 0; i < got && good; i++)
        good = take_row(io_page->verify, rows, i, err);
    if (more)
        pthread_join(thread, NULL);
    io_page->verify->result.events += (int64_t)got;
    *ret_more = more;
    return good;
}

static bool take_epoch(struct verify *verify, const int64_t ids[2], struct error *err)
{
    struct page page = {.verify = verify, .ids = {ids[0], ids[1]}, .id = INT64_MIN};
    bool good = true;
    fetch(&page);
    for (bool more = true; good && more && page.good;) {
        good = take_page(&page, &more, err);
        print_progress(verify);
    }
    if (good && !page.good) {
        *err = page.err;
        good = false;
    }
    rows_free(page.rows);
    return good;
}

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
        if (!verify_epoch_begin(verify, epoch, err) || !take_epoch(verify, ids, err) ||
            !verify_epoch_end(verify, last, err))
            return false;
    }
    verify->result.rows += verify->result.events;
    return verify_chains_end(verify, err);
}
