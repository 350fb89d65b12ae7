#include "admin/retention.h"

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
    const struct public_key *key =
        statement->key_id ? public_keys_find(keys, statement->key_id) : NULL;
    if (!key)
        return "is signed by no key that may decide";
    if (key->retired_ms && said->at_ms > key->retired_ms)
        return "is signed by a key that was retired before";
    if (!said->seal_hash || statement->signature.len != SIGNATURE_SIZE)
        return "says what its signature does not";
    retention_encode(said, &message);
    const unsigned char *signature = statement->signature.data;
    return signing_verify(key, buffer_bytes(&message), said->at_ms, signature)
               ? NULL
               : "says what its signature does not";
}

/* Milliseconds since 1970; -1, which nobody signs, when the time has a part of one. */
static int64_t milliseconds(const struct rows *rows, size_t row, int column)
{
    int64_t us = rows_integer(rows, row, column) + INT64_C(946684800000000);
    return us % 1000 ? -1 : us / 1000;
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
                                           .at_ms = milliseconds(rows, row, first + AT),
                                           .role = roles[n]},
                                  .key_id = rows_text(rows, row, first + KEY_ID),
                                  .signature = rows_bytes(rows, row, first + SIGNATURE)};
    return true;
}
