#include "admin/audit/signatures.h"

int64_t signed_ms(const struct rows *rows, size_t row, int column)
{
    int64_t us = rows_time_us(rows, row, column);
    return us % 1000 ? -1 : us / 1000;
}

const char *key_fault(const struct public_keys *keys, const char *key_id, int64_t at_ms,
                      const struct public_key **ret_key)
{
    const struct public_key *key = key_id ? public_keys_find(keys, key_id) : NULL;
    *ret_key = key;
    if (!key)
        return "is signed by no key that may decide";
    return key->retired_ms && at_ms > key->retired_ms ? "is signed by a key that was retired before"
                                                      : NULL;
}
