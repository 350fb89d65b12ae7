#include "admin/audit/verify_results.h"

#include <string.h>

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"

#define NOT_AS_SAID "is not as the audit trail has it"

bool verify_results_new(struct results *results, struct error *err)
{
    return hasher_new(&results->items.hasher, err) && hasher_new(&results->content.hasher, err);
}

void verify_results_free(struct results *results)
{
    hasher_free(results->items.hasher);
    hasher_free(results->content.hasher);
}

static bool has_digest(struct verify *verify, const struct rows *rows, size_t row,
                       const int columns[2], const struct mark *mark)
{
    uint8_t digest[SHA256_SIZE];
    verify_take_digest(verify, rows, row, columns, digest);
    return memcmp(digest, mark->hash, sizeof digest) == 0;
}

bool verify_results_attempt(struct verify *verify, const struct rows *rows, size_t row,
                            struct error *err)
{
    enum { FIRST = 2, REQUEST = 4, MADE = 9, RESULTS_SHA256 = 24, ENDED, SAYS, HAS };
    int64_t id = rows_integer(rows, row, 0);
    bool ended = rows_integer(rows, row, ENDED);
    struct mark *mark =
        marks_find(&verify->marks, MARK_ATTEMPT, id, rows_integer(rows, row, REQUEST));
    if (!mark)
        return verify_broken("attempt", id, NOT_AS_SAID, err);
    mark->seen = true;
    mark->state = RESULTS_BOUND;
    if (ended && has_digest(verify, rows, row, (const int[]){FIRST, RESULTS_SHA256}, mark))
        return rows_integer(rows, row, HAS) ||
               verify_broken("attempt", id, "lacks what it handed back", err);
    if (!has_digest(verify, rows, row, (const int[]){FIRST, MADE}, mark) ||
        !rows_is_null(rows, row, RESULTS_SHA256) || (!ended && rows_integer(rows, row, SAYS)))
        return verify_broken("attempt", id, NOT_AS_SAID, err);
    mark->state = ended ? RESULTS_UNBOUND : RESULTS_BOUND;
    verify->result.unbound_attempts += ended;
    return true;
}

static bool is_same(const struct span *span, const int64_t key[3])
{
    return span->open && memcmp(span->key, key, sizeof span->key) == 0;
}

/* What these rows should have. */
static void begin(struct span *span, const int64_t key[3], struct bytes said)
{
    span->open = true;
    span->says = said.len == SHA256_SIZE;
    span->count = 0;
    span->bytes = 0;
    memcpy(span->key, key, sizeof span->key);
    if (span->says)
        memcpy(span->said, said.data, said.len);
    hasher_start(span->hasher);
}

/* Whether they have it; when nothing is said of them, they do. */
static bool end(struct span *span)
{
    uint8_t digest[SHA256_SIZE];
    if (!span->open)
        return true;
    span->open = false;
    hasher_end(span->hasher, digest);
    return !span->says || memcmp(digest, span->said, sizeof digest) == 0;
}

/* An attempt that says nothing of what it handed back ended before that was kept. */
static bool end_items(struct verify *verify, struct error *err)
{
    struct span *items = &verify->results.items;
    bool open = items->open;
    if (!end(items))
        return verify_broken("attempt", items->key[0],
                             "handed back something else than the audit trail has", err);
    if (!open || items->says)
        return true;
    const struct mark *mark =
        marks_find(&verify->marks, MARK_ATTEMPT, items->key[0], items->key[1]);
    return (mark && mark->state == RESULTS_UNBOUND) ||
           verify_broken("attempt", items->key[0], "handed back what the audit trail does not have",
                         err);
}

static bool take_item(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    enum { ATTEMPT, FIRST = 2, LAST = 11, REQUEST, RESULTS_SHA256, HAS };
    struct span *items = &verify->results.items;
    const int64_t key[3] = {rows_integer(rows, row, ATTEMPT), rows_integer(rows, row, REQUEST)};
    if (!is_same(items, key)) {
        if (!end_items(verify, err))
            return false;
        begin(items, key, rows_bytes(rows, row, RESULTS_SHA256));
        hasher_add(items->hasher, (struct bytes){"", 1});
    }
    buffer_clear(&verify->field);
    for (int column = FIRST; column <= LAST; column++)
        rows_add_field(rows, row, column, &verify->field);
    hasher_add(items->hasher, buffer_bytes(&verify->field));
    return rows_integer(rows, row, HAS) ||
           verify_broken("attempt", key[0], "lacks bytes of what it handed back", err);
}

static bool end_content(struct verify *verify, struct error *err)
{
    struct span *content = &verify->results.content;
    bool good = end(content) && (!content->says || content->bytes == content->said_bytes);
    return good || verify_broken("attempt", content->key[0],
                                 "handed back other bytes than the audit trail has", err);
}

/* Bytes of no item were of a run that was lost before it could name them: nobody is shown them. */
static bool take_chunk(struct verify *verify, const struct rows *rows, size_t row,
                       struct error *err)
{
    enum { ATTEMPT, FENCE, ITEM, N, BYTES, CONTENT_SHA256, DATA };
    struct span *content = &verify->results.content;
    struct bytes data = rows_bytes(rows, row, DATA);
    const int64_t key[3] = {rows_integer(rows, row, ATTEMPT), rows_integer(rows, row, FENCE),
                            rows_integer(rows, row, ITEM)};
    if (!is_same(content, key)) {
        if (!end_content(verify, err))
            return false;
        begin(content, key, rows_bytes(rows, row, CONTENT_SHA256));
        content->said_bytes = rows_integer(rows, row, BYTES);
    }
    if (content->says && rows_integer(rows, row, N) != content->count++)
        return verify_broken("attempt", key[0], "lacks bytes of what it handed back", err);
    content->bytes += (int64_t)data.len;
    hasher_add(content->hasher, data);
    return true;
}

static bool read_items(struct verify *verify, const int64_t after[TABLE_KEYS], int32_t most,
                       struct rows **ret_rows, struct error *err)
{
    return sql_verify_items(verify->db, after[0], (int32_t)after[1], most, ret_rows, err);
}

static bool read_chunks(struct verify *verify, const int64_t after[TABLE_KEYS], int32_t most,
                        struct rows **ret_rows, struct error *err)
{
    return sql_verify_chunks(verify->db, after[0], after[1], (int32_t)after[2], (int32_t)after[3],
                             most, ret_rows, err);
}

static const struct table tables[] = {
    {.most = VERIFY_PAGE,
     .key = {0, 1},
     .first = {INT64_MIN, INT32_MIN},
     .read_by_all = read_items,
     .take = take_item},
    {.most = VERIFY_PAGE,
     .uneven = true,
     .key = {0, 1, 2, 3},
     .first = {INT64_MIN, INT64_MIN, INT32_MIN, INT32_MIN},
     .read_by_all = read_chunks,
     .take = take_chunk},
};

static bool take_told(const char *what, const struct rows *rows, size_t row, struct error *err)
{
    const char *fault = rows_text(rows, row, 1);
    return !fault || verify_broken(what, rows_integer(rows, row, 0), fault, err);
}

static bool attempt_told(struct verify *verify, const struct rows *rows, size_t row,
                         struct error *err)
{
    (void)verify;
    return take_told("attempt", rows, row, err);
}

static bool request_told(struct verify *verify, const struct rows *rows, size_t row,
                         struct error *err)
{
    (void)verify;
    return take_told("request", rows, row, err);
}

#define TELLS .most = VERIFY_PAGE, .first = {INT64_MIN}, .known = true

/* Where there are digests, nothing else need be compared. */
static bool told(struct verify *verify, struct error *err)
{
    static const struct table ends = {TELLS, .read = sql_verify_told, .take = attempt_told};
    static const struct table askers = {TELLS, .read = sql_verify_askers, .take = request_told};
    const struct verify_result *result = &verify->result;
    return (!result->unbound_attempts || verify_pages(verify, &ends, 1, err)) &&
           (!result->unbound_requests || verify_pages(verify, &askers, 1, err));
}

bool verify_results(struct verify *verify, struct error *err)
{
    return verify_pages(verify, tables, COUNT_OF(tables), err) && end_items(verify, err) &&
           end_content(verify, err) && told(verify, err);
}

bool verify_strays(struct verify *verify, struct error *err)
{
    static const struct table strays = {TELLS, .read = sql_verify_strays, .take = request_told};
    return verify_pages(verify, &strays, 1, err);
}
