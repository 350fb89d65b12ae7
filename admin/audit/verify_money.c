#include "admin/audit/verify_money.h"

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"

/* One that the audit trail does not have may only be older than its digests. */
static bool cost(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    enum { ID, FIRST };
    uint8_t digest[SHA256_SIZE];
    int64_t id = rows_integer(rows, row, ID);
    const int64_t key[3] = {MARK_COST, id, 0};
    if (!marks_find(&verify->marks, key[0], key[1], key[2]) && id >= 1 &&
        id <= verify->costs_older) {
        verify->result.unbound_costs++;
        return true;
    }
    verify_take_digest(verify, rows, row, (const int[]){FIRST, rows_columns(rows) - 1}, digest);
    return verify_is_covered(verify, key, digest) ||
           verify_broken("cost", id, "is not as the audit trail has it", err);
}

static bool fault(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    (void)verify;
    return fail(err, ERR_CONFLICT, "%s: %s", rows_text(rows, row, 1), rows_text(rows, row, 2));
}

static bool strange(struct verify *verify, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_verify_costs_strange(verify->db, verify->costs_older, 1, &rows, err))
        return false;
    return rows_count(rows) == 0 || fault(verify, rows, 0, err);
}

bool verify_costs(struct verify *verify, struct error *err)
{
    static const struct table costs = {
        .most = VERIFY_PAGE, .first = {INT64_MIN}, .read = sql_verify_costs, .take = cost};
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_verify_costs_older(verify->db, &rows, err))
        return false;
    verify->costs_older = rows_integer(rows, 0, 0);
    return verify_pages(verify, &costs, 1, err) &&
           (!verify->result.unbound_costs || strange(verify, err));
}

#define FAULTS .most = 1, .first = {INT64_MIN}, .known = true, .take = fault

bool verify_budgets(struct verify *verify, struct error *err)
{
    static const struct table tables[] = {{FAULTS, .read = sql_verify_budgets},
                                          {FAULTS, .read = sql_verify_ledger}};
    return verify_pages(verify, tables, COUNT_OF(tables), err);
}
