#include "admin/audit/retention.h"

#include "admin/audit/signatures.h"

static const char *const roles[RETENTION_STATEMENTS] = {RETENTION_PROPOSE, RETENTION_AGREE};

const char *statement_role(int n)
{
    return roles[n];
}

const char *statement_fault(const struct signed_statement *statement,
                            const struct public_keys *keys)
{
    AUTO(buffer) struct buffer message = {0};
    const struct retention_statement *said = &statement->said;
    const struct public_key *key;
    const char *fault = key_fault(keys, statement->key_id, said->at_ms, &key);
    if (fault)
        return fault;
    if (!said->seal_hash || statement->signature.len != SIGNATURE_SIZE)
        return SIGNATURE_FALSE;
    retention_encode(said, &message);
    const unsigned char *signature = statement->signature.data;
    return signing_verify(key, buffer_bytes(&message), said->at_ms, signature) ? NULL
                                                                               : SIGNATURE_FALSE;
}

bool statement_read(const struct rows *rows, size_t row, int n, const char *instance,
                    struct signed_statement *ret_statement)
{
    enum { PERSON, AT, SIGNATURE, KEY_ID }; /* in this order from the first column of each */
    int first = n == 0 ? RETENTION_PROPOSED_BY : RETENTION_AGREED_BY;
    struct bytes hash = rows_bytes(rows, row, RETENTION_SEAL_HASH);
    if (rows_is_null(rows, row, first + PERSON))
        return false;
    *ret_statement =
        (struct signed_statement){.said = {.instance = instance,
                                           .retention_id = rows_integer(rows, row, RETENTION_ID),
                                           .seal = rows_integer(rows, row, RETENTION_SEAL),
                                           .seal_hash = hash.len == SHA256_SIZE ? hash.data : NULL,
                                           .person_id = rows_integer(rows, row, first + PERSON),
                                           .at_ms = signed_ms(rows, row, first + AT),
                                           .role = roles[n]},
                                  .key_id = rows_text(rows, row, first + KEY_ID),
                                  .signature = rows_bytes(rows, row, first + SIGNATURE)};
    return true;
}
