#include "worker/approval.h"

#include <inttypes.h>
#include <string.h>

#include "common/domain/decision.h"

/* One decision of a manifest. The database names these values; only what is signed counts. */
struct approval {
    struct decision decision;
    const char *key_id;
    unsigned char signature[SIGNATURE_SIZE];
};

static bool read_signature(const json_t *row, struct approval *approval)
{
    const char *hex = json_text_of(row, "signature");
    approval->key_id = json_text_of(row, "key_id");
    return approval->key_id && hex && strlen(hex) == 2 * SIGNATURE_SIZE &&
           hex_decode(hex, approval->signature, SIGNATURE_SIZE);
}

static bool read_approval(const struct attempt *attempt, const json_t *row,
                          const uint8_t sha256[SHA256_SIZE], struct approval *ret_approval)
{
    const char *verdict = json_text_of(row, "verdict");
    const json_t *acknowledged = json_object_get(row, "acknowledged");
    int64_t form = json_integer_of(row, "form", 0);
    if (!decision_form_fits(form, acknowledged))
        return false;
    ret_approval->decision = (struct decision){
        .bundle_sha256 = sha256,
        .request_id = attempt->bundle.request_id,
        .revision = attempt->bundle.revision,
        .round = json_integer_of(row, "round", -1),
        .reviewer_id = json_integer_of(row, "reviewer_id", -1),
        .verdict = verdict ? verdict : "",
        .needed = json_integer_of(row, "needed", INT64_MAX),
        .decided_ms = json_integer_of(row, "decided_ms", -1),
        .valid_ms = json_integer_of(row, "valid_ms", -1),
        .form = (enum decision_form)form,
        .acknowledged = acknowledged,
    };
    return read_signature(row, ret_approval);
}

static bool is_signed(const struct approval *approval, const struct public_keys *keys)
{
    AUTO(buffer) struct buffer message = {0};
    decision_encode(&approval->decision, &message);
    return signing_verify(public_keys_find(keys, approval->key_id), buffer_bytes(&message),
                          approval->decision.decided_ms, approval->signature);
}

static bool check_one(const struct approval *approval, const struct public_keys *keys,
                      int64_t now_ms, struct error *err)
{
    const struct decision *decision = &approval->decision;
    if (!is_signed(approval, keys))
        return fail(err, ERR_STALE,
                    "the decision of person %" PRId64 " has no signature that holds",
                    decision->reviewer_id);
    if (!decision_is_approval(decision->verdict))
        return fail(err, ERR_STALE, "person %" PRId64 " did not approve", decision->reviewer_id);
    if (now_ms >= decision->valid_ms)
        return fail(err, ERR_STALE, "the approval of person %" PRId64 " has ended",
                    decision->reviewer_id);
    return true;
}

static bool breaks_glass(const struct approval *approval)
{
    return strcmp(approval->decision.verdict, DECISION_BREAK_GLASS) == 0;
}

/* One round, distinct people, and as many as each of them was told are needed; or one who signed
 * that they decide alone. */
static bool check_together(const struct approval *approvals, size_t count, struct error *err)
{
    if (count == 1 && breaks_glass(&approvals[0]))
        return true;
    for (size_t i = 0; i < count; i++) {
        const struct decision *decision = &approvals[i].decision;
        if (decision->round != approvals[0].decision.round)
            return fail(err, ERR_STALE, "the approvals are of different rounds");
        if (breaks_glass(&approvals[i]))
            return fail(err, ERR_STALE, "who breaks the glass decides alone");
        if (decision->needed > (int64_t)count)
            return fail(err, ERR_STALE, "%zu approvals are not the %" PRId64 " that are needed",
                        count, decision->needed);
        for (size_t k = 0; k < i; k++)
            if (approvals[k].decision.reviewer_id == decision->reviewer_id)
                return fail(err, ERR_STALE, "person %" PRId64 " approved twice",
                            decision->reviewer_id);
    }
    return true;
}

bool approval_holds(const struct attempt *attempt, const struct public_keys *keys,
                    struct error *err)
{
    const json_t *rows = json_object_get(attempt->manifest, "decisions");
    int64_t now_ms = json_integer_of(attempt->manifest, "now_ms", INT64_MAX);
    struct approval approvals[APPROVAL_DECISIONS_MAX];
    uint8_t sha256[SHA256_SIZE];
    size_t count = json_array_size(rows);
    if (count == 0 || count > APPROVAL_DECISIONS_MAX)
        return fail(err, ERR_STALE, "%zu decisions let nothing run", count);
    attempt_digest(attempt, sha256);
    for (size_t i = 0; i < count; i++) {
        if (!read_approval(attempt, json_array_get(rows, i), sha256, &approvals[i]))
            return fail(err, ERR_STALE, "decision %zu is not signed", i + 1);
        if (!check_one(&approvals[i], keys, now_ms, err))
            return false;
    }
    return check_together(approvals, count, err);
}

bool approval_check(const struct attempt *attempt, const char *keys_file, struct error *err)
{
    AUTO(public_keys) struct public_keys *keys = NULL;
    struct error why = {0};
    if (!public_keys_read(keys_file, "decision", &keys, &why))
        return fail(err, ERR_UNAVAILABLE, "%s", why.text);
    return approval_holds(attempt, keys, err);
}

json_t *approval_decision_ids(const struct attempt *attempt)
{
    json_t *ids = json_array();
    size_t n;
    json_t *row;
    json_array_foreach (json_object_get(attempt->manifest, "decisions"), n, row) {
        json_array_append_new(ids, json_integer(json_integer_of(row, "id", 0)));
    }
    return ids;
}
