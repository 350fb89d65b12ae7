/* The signature of a decision: who may write rows can not make one. */
#include "admin/audit/signatures.h"
#include "admin/audit/signers.h"
#include "common/domain/decision.h"

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
    NEEDED,
    SEEN_BYTES,
    FORM,
    ACKNOWLEDGED
};

static void read_signed(const struct rows *rows, size_t row, const json_t *acknowledged,
                        struct decision *ret_decision)
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
                                      .valid_ms = is_valid ? signed_ms(rows, row, VALID_UNTIL) : 0,
                                      .form = rows_integer(rows, row, FORM),
                                      .acknowledged = acknowledged};
}

static json_t *read_list(struct bytes text)
{
    return json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
}

const char *decision_fault(const struct rows *rows, size_t row, bool is_checked,
                           const struct public_keys *keys, struct buffer *message)
{
    struct decision decision;
    struct bytes signature = rows_bytes(rows, row, SIGNATURE);
    const char *key_id = rows_text(rows, row, KEY_ID);
    if (!signature.data || !key_id || rows_is_null(rows, row, NEEDED))
        return "is not signed";
    const struct public_key *key;
    AUTO(json) json_t *acknowledged = read_list(rows_bytes(rows, row, ACKNOWLEDGED));
    read_signed(rows, row, acknowledged, &decision);
    const char *fault = key_fault(keys, key_id, decision.decided_ms, &key);
    if (fault || is_checked)
        return fault;
    if (signature.len != SIGNATURE_SIZE || !decision.verdict ||
        rows_bytes(rows, row, BUNDLE_SHA256).len != SHA256_SIZE ||
        !decision_form_fits(decision.form, acknowledged))
        return SIGNATURE_FALSE;
    buffer_clear(message);
    decision_encode(&decision, message);
    return signing_verify(key, buffer_bytes(message), decision.decided_ms, signature.data)
               ? NULL
               : SIGNATURE_FALSE;
}
