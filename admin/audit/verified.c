#include "admin/audit/verified.h"

#include "admin/operator.h"
#include "statements.h"

bool verified_check(struct error *err)
{
    AUTO(db) struct db *db = NULL;
    return operator_open(&db, err);
}

static json_t *item_of(const struct verified *verified)
{
    char hash[SHA256_HEX];
    const struct seal *newest = &verified->result->newest;
    bool told = newest->n && !verified->why;
    hex_encode(newest->hash, sizeof newest->hash, hash);
    return json_pack("{s:s, s:s*, s:o*, s:s*, s:I, s:I, s:I, s:I}", "outcome", verified->outcome,
                     "why", verified->why, "seal", told ? json_integer(newest->n) : NULL, "hash",
                     told ? hash : NULL, "rows", verified->result->events, "heads",
                     (json_int_t)verified->heads, "duration_ms", verified->us / 1000, "read_us",
                     verified->result->now_us);
}

bool verified_put(const struct verified *verified, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    return operator_call(sql_operator_audit_verified, item_of(verified), &answer, err);
}
