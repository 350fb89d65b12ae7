#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"

bool verify_chain_broken(const struct verify *verify, const struct link *link, const char *what,
                         struct error *err)
{
    return fail(err, ERR_CONFLICT, "audit row %lld (%s %lld, place %lld): %s",
                (long long)link->row_id, verify->kinds[link->kind - MARK_ENTITY],
                (long long)link->id, (long long)link->seq, what);
}

static bool is_text(const char *text, struct bytes bytes)
{
    return strlen(text) == bytes.len && memcmp(text, bytes.data, bytes.len) == 0;
}

int64_t verify_kind(struct verify *verify, struct bytes entity)
{
    int64_t at = 0;
    while (at < verify->kind_count && !is_text(verify->kinds[at], entity))
        at++;
    if (at == KINDS_MAX || entity.len >= TEXT_SIZE)
        return 0;
    if (at == verify->kind_count)
        snprintf(verify->kinds[verify->kind_count++], TEXT_SIZE, "%.*s", (int)entity.len,
                 (const char *)entity.data);
    return MARK_ENTITY + at;
}

int16_t verify_state(const struct verify *verify, struct bytes name)
{
    for (int16_t i = 0; i < verify->state_count; i++)
        if (is_text(verify->states[i], name))
            return i;
    return -1;
}

/* The number of a state, which is made; -1 when it is none, or one too many. */
static int16_t state_number(struct verify *verify, struct bytes name)
{
    int16_t at = verify_state(verify, name);
    if (at >= 0 || verify->state_count == KINDS_MAX || name.len >= TEXT_SIZE)
        return at;
    snprintf(verify->states[verify->state_count], TEXT_SIZE, "%.*s", (int)name.len,
             name.len ? (const char *)name.data : "");
    return verify->state_count++;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct move *)a)->key, ((const struct move *)b)->key);
}

static int is_key(const void *key, const void *move)
{
    return strcmp(key, ((const struct move *)move)->key);
}

bool verify_moves_read(struct verify *verify, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_verify_moves(verify->db, &rows, err))
        return false;
    (void)state_number(verify, bytes_of("")); /* 0: before the first */
    for (size_t i = 0; i < rows_count(rows); i++) {
        struct move *move = &verify->moves[verify->move_count];
        if (verify->move_count == MOVES_MAX)
            return fail(err, ERR_CONFLICT, "there are more legal moves than there ever were");
        int len = snprintf(move->key, sizeof move->key, "%s:%s:%s:%s", rows_text(rows, i, 0),
                           rows_text(rows, i, 1), rows_text(rows, i, 2), rows_text(rows, i, 3));
        move->from = state_number(verify, rows_bytes(rows, i, 1));
        move->to = state_number(verify, rows_bytes(rows, i, 2));
        if (len >= (int)sizeof move->key || move->from < 0 || move->to < 0)
            return fail(err, ERR_CONFLICT, "there is a legal move that never was: %s", move->key);
        verify->move_count++;
    }
    qsort(verify->moves, verify->move_count, sizeof *verify->moves, by_key);
    return true;
}

const struct move *verify_move(const struct verify *verify, const char *key)
{
    return bsearch(key, verify->moves, verify->move_count, sizeof *verify->moves, is_key);
}

bool verify_state_is_over(const struct verify *verify, int16_t state)
{
    for (size_t i = 0; i < verify->move_count; i++)
        if (verify->moves[i].from == state && strncmp(verify->moves[i].key, "request:", 8) == 0)
            return false;
    return state > 0;
}

/* When an attempt began, in the place of a number of its own; what was given back has not. */
static void note_begin(const struct verify *verify, const struct link *link, struct mark *attempt)
{
    if (strcmp(verify->states[attempt->state], "starting") == 0)
        attempt->seq = link->ts_us;
    else if (strcmp(verify->states[attempt->state], "ready") == 0)
        attempt->seq = 0;
}

/* The mark must not be used after this: it may have moved. */
static bool follow(struct verify *verify, const struct link *link, struct error *err)
{
    struct mark *mark = marks_get(&verify->marks, link->kind, link->id, 0);
    bool fits = mark->seq ? link->prev_len == sizeof link->prev &&
                                memcmp(mark->hash, link->prev, sizeof link->prev) == 0
                          : link->prev_len == 0;
    if (!fits)
        return verify_chain_broken(verify, link, "does not follow the row before it", err);
    mark->seq = link->seq;
    memcpy(mark->hash, link->hash, sizeof mark->hash);
    if (!link->move)
        return true;
    if (link->attempt_id)
        mark = marks_get(&verify->marks, MARK_ATTEMPT_STATE, link->attempt_id, 0);
    if (mark->state != link->move->from)
        return verify_chain_broken(verify, link, "moves from a state that was not", err);
    mark->state = link->move->to;
    if (link->attempt_id)
        note_begin(verify, link, mark);
    return true;
}

/* Keeps a row until the one before it has come. */
static bool keep(struct verify *verify, const struct link *link, struct error *err)
{
    struct mark *mark =
        marks_get(&verify->marks, -link->kind, link->id, link->seq); /* of pending rows */
    if (mark->seen)
        return verify_chain_broken(verify, link, "its place is taken twice", err);
    mark->seen = true;
    mark->seq = (int64_t)verify->pending_count;
    if ((verify->pending_count & (verify->pending_count - 1)) == 0) {
        size_t size = (verify->pending_count ? 2 * verify->pending_count : 1) * sizeof *link;
        verify->pending = realloc(verify->pending, size);
        if (!verify->pending)
            memory_none();
    }
    verify->pending[verify->pending_count++] = *link;
    verify->pending_left++;
    return true;
}

/* What was kept because it follows this row. */
static bool follow_kept(struct verify *verify, const struct link *link, struct error *err)
{
    struct mark *mark;
    for (int64_t seq = link->seq + 1;
         verify->pending_left && (mark = marks_find(&verify->marks, -link->kind, link->id, seq)) &&
         mark->seen;
         seq++) {
        mark->seen = false;
        verify->pending_left--;
        if (!follow(verify, &verify->pending[mark->seq], err))
            return false;
    }
    return true;
}

bool verify_chain_row(struct verify *verify, const struct link *link, struct error *err)
{
    int64_t seq = marks_get(&verify->marks, link->kind, link->id, 0)->seq;
    if (link->seq <= seq)
        return verify_chain_broken(verify, link, "its place is taken twice", err);
    if (link->seq > seq + 1)
        return keep(verify, link, err);
    return follow(verify, link, err) && follow_kept(verify, link, err);
}

bool verify_chain_begin(struct verify *verify, const struct link *link, int16_t state,
                        struct error *err)
{
    struct mark *mark = marks_get(&verify->marks, link->kind, link->id, 0);
    if (mark->seq || link->prev_len != sizeof link->prev)
        return verify_chain_broken(verify, link, "carries rows that are still there", err);
    mark->seq = link->seq;
    mark->state = state;
    memcpy(mark->hash, link->hash, sizeof mark->hash);
    return follow_kept(verify, link, err);
}

bool verify_chains_end(struct verify *verify, struct error *err)
{
    for (size_t i = 0; verify->pending_left && i < verify->pending_count; i++) {
        const struct link *link = &verify->pending[i];
        const struct mark *mark = marks_find(&verify->marks, -link->kind, link->id, link->seq);
        if (mark->seen)
            return verify_chain_broken(verify, link, "the row before it is missing", err);
    }
    return true;
}
