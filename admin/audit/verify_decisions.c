/* The signature of each decision: who may write rows can not make one. Signatures take longer than
 * all the rest of a row, so that every processor takes a share of them. */
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "admin/audit/signatures.h"
#include "admin/audit/verify_internal.h"
#include "common/domain/decision.h"

#define THREADS_MAX 16
#define FEW_ROWS 64 /* not worth a thread */

/* Columns of verify_decisions. */
enum {
    ID,
    REQUEST = 3,
    REVISION,
    ROUND,
    REVIEWER,
    VERDICT,
    BUNDLE_SHA256,
    DECIDED_AT = 14,
    VALID_UNTIL,
    SIGNATURE,
    KEY_ID,
    NEEDED
};

static void read_signed(const struct rows *rows, size_t row, struct decision *ret_decision)
{
    bool is_valid = !rows_is_null(rows, row, VALID_UNTIL);
    *ret_decision = (struct decision){.bundle_sha256 = rows_bytes(rows, row, BUNDLE_SHA256).data,
                                      .request_id = rows_integer(rows, row, REQUEST),
                                      .revision = rows_integer(rows, row, REVISION),
                                      .round = rows_integer(rows, row, ROUND),
                                      .reviewer_id = rows_integer(rows, row, REVIEWER),
                                      .verdict = rows_text(rows, row, VERDICT),
                                      .needed = rows_integer(rows, row, NEEDED),
                                      .decided_ms = signed_ms(rows, row, DECIDED_AT),
                                      .valid_ms = is_valid ? signed_ms(rows, row, VALID_UNTIL) : 0};
}

/* Every `step`th row from `row` on, up to the first with a fault. */
struct share {
    const struct rows *rows;
    const struct public_keys *keys;
    const bool *earlier; /* of each row: whether its signature was checked in an earlier run */
    size_t row, step;
    const char *fault;
};

/* What is wrong with the signature of a row; NULL when it holds. */
static const char *fault_of(const struct share *share, struct buffer *message)
{
    const struct rows *rows = share->rows;
    size_t row = share->row;
    struct decision decision;
    struct bytes signature = rows_bytes(rows, row, SIGNATURE);
    const char *key_id = rows_text(rows, row, KEY_ID);
    if (!signature.data || !key_id || rows_is_null(rows, row, NEEDED))
        return "is not signed";
    const struct public_key *key;
    read_signed(rows, row, &decision);
    const char *fault = key_fault(share->keys, key_id, decision.decided_ms, &key);
    if (fault || share->earlier[row])
        return fault;
    if (signature.len != SIGNATURE_SIZE || !decision.verdict ||
        rows_bytes(rows, row, BUNDLE_SHA256).len != SHA256_SIZE)
        return SIGNATURE_FALSE;
    buffer_clear(message);
    decision_encode(&decision, message);
    return signing_verify(key, buffer_bytes(message), decision.decided_ms, signature.data)
               ? NULL
               : SIGNATURE_FALSE;
}

static void *take_share(void *context)
{
    struct share *share = context;
    AUTO(buffer) struct buffer message = {0};
    size_t count = rows_count(share->rows);
    for (; share->row < count; share->row += share->step) {
        share->fault = fault_of(share, &message);
        if (share->fault)
            break;
    }
    return NULL;
}

static size_t share_count(size_t rows)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = processors > 1 && rows > FEW_ROWS ? (size_t)processors : 1;
    return count < THREADS_MAX ? count : THREADS_MAX;
}

bool verify_signatures(const struct verify *verify, const struct rows *rows, struct error *err)
{
    struct share shares[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    bool started[THREADS_MAX] = {false};
    size_t count = share_count(rows_count(rows));
    const struct share *first = NULL;
    for (size_t i = 0; i < count; i++) {
        shares[i] =
            (struct share){rows, verify->options->decision_keys, verify->earlier, i, count, NULL};
        started[i] = i && pthread_create(&threads[i], NULL, take_share, &shares[i]) == 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
        else
            take_share(&shares[i]);
        if (shares[i].fault && (!first || shares[i].row < first->row))
            first = &shares[i];
    }
    return !first || fail(err, ERR_CONFLICT, "decision %" PRId64 ": %s",
                          rows_integer(rows, first->row, ID), first->fault);
}
