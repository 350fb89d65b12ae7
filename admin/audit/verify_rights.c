#include "admin/audit/verify_rights.h"

#include <string.h>

#include "admin/audit/verify_internal.h"
#include "build/gen/statements.h"

enum column { ID, CHAIN_ID, NAME, FIRST };

static bool right(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    uint8_t digest[SHA256_SIZE];
    const char *name = rows_text(rows, row, NAME);
    int64_t id = rows_integer(rows, row, ID);
    const int64_t key[3] = {verify_covered_kind(name, strlen(name)), id,
                            rows_integer(rows, row, CHAIN_ID)};
    verify_take_digest(verify, rows, row, (const int[]){FIRST, rows_columns(rows) - 1}, digest);
    return verify_is_covered(verify, key, digest) ||
           verify_broken(name, id, "is not as the audit trail has it", err);
}

static bool stray(struct verify *verify, const struct rows *rows, size_t row, struct error *err)
{
    (void)verify;
    return verify_broken(rows_text(rows, row, 1), rows_integer(rows, row, 0),
                         rows_text(rows, row, 2), err);
}

#define RIGHTS .most = VERIFY_PAGE, .first = {INT64_MIN}, .take = right

static const struct table tables[] = {
    {RIGHTS, .read = sql_verify_people},      {RIGHTS, .read = sql_verify_teams},
    {RIGHTS, .read = sql_verify_tokens},      {RIGHTS, .read = sql_verify_credentials},
    {RIGHTS, .read = sql_verify_identities},  {RIGHTS, .read = sql_verify_factors},
    {RIGHTS, .read = sql_verify_rules},       {RIGHTS, .read = sql_verify_groups},
    {RIGHTS, .read = sql_verify_break_glass}, {RIGHTS, .read = sql_verify_policies},
};

bool verify_rights(struct verify *verify, struct error *err)
{
    return verify_pages(verify, tables, COUNT_OF(tables), err);
}

bool verify_stray_rights(struct verify *verify, struct error *err)
{
    static const struct table strays = {.most = 1,
                                        .first = {INT64_MIN},
                                        .known = true,
                                        .read = sql_verify_stray_rights,
                                        .take = stray};
    return verify_pages(verify, &strays, 1, err);
}
