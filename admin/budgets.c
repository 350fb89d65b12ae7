/* What people and teams may spend, and what is left of it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "admin/command.h"
#include "admin/operator.h"
#include "statements.h"

#define NANO_DIGITS 9
#define DOLLAR_DIGITS_MAX 7

static const char *limit_option, *soft_option, *period_option;

static const char *const columns[] = {"scope", "name",  "period",    "limit_usd",   "soft_percent",
                                      "who",   "state", "spent_usd", "reserved_usd"};

/* Digits alone, each of which counts: money is never a floating number. False for anything that
 * is no amount of dollars with at most nine digits behind the point. */
static bool read_dollars(const char *text, int64_t *ret_nano_usd)
{
    size_t dollars = strspn(text, "0123456789");
    const char *rest = text + dollars;
    size_t places = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    bool has_end = *rest == '.' ? places > 0 && rest[1 + places] == '\0' : *rest == '\0';
    if (dollars == 0 || dollars > DOLLAR_DIGITS_MAX || places > NANO_DIGITS || !has_end)
        return false;
    int64_t nano_usd = 0;
    for (size_t i = 0; i < dollars; i++)
        nano_usd = nano_usd * 10 + (text[i] - '0');
    for (size_t i = 0; i < NANO_DIGITS; i++)
        nano_usd = nano_usd * 10 + (i < places ? rest[1 + i] - '0' : 0);
    *ret_nano_usd = nano_usd;
    return true;
}

static bool print(operator_statement_fn *statement, json_t *take_item, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    if (!take_item)
        return fail(err, ERR_BAD_REQUEST, "the scope must be UTF-8");
    if (!operator_call(statement, take_item, &answer, err))
        return false;
    operator_print(answer, columns, COUNT_OF(columns));
    return true;
}

static bool list(struct db *db, const char *item, struct rows **ret_rows, struct error *err)
{
    (void)item;
    return sql_operator_budgets(db, ret_rows, err);
}

static bool run_list(struct words *words, int *ret_status, struct error *err)
{
    *ret_status = 0;
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "budgets is followed by list, set or end");
    return print(list, json_object(), err);
}

static bool run_set(struct words *words, int *ret_status, struct error *err)
{
    char *end = NULL;
    int64_t nano_usd;
    long soft = soft_option ? strtol(soft_option, &end, 10) : 80;
    *ret_status = 0;
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST, "this needs a scope: user:LOGIN, team:NAME, user:* …");
    if (!limit_option || !read_dollars(limit_option, &nano_usd))
        return fail(err, ERR_BAD_REQUEST, "--limit takes dollars, such as 10 or 0.25");
    if (soft_option && (end == soft_option || *end))
        return fail(err, ERR_BAD_REQUEST, "--soft takes a number of percent");
    return print(sql_operator_budget_set,
                 json_pack("{s:s, s:I, s:I, s:s*}", "scope", words->list[0], "limit_nano_usd",
                           (json_int_t)nano_usd, "soft_percent", (json_int_t)soft, "period",
                           period_option),
                 err);
}

static bool run_end(struct words *words, int *ret_status, struct error *err)
{
    *ret_status = 0;
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST, "this needs a scope: user:LOGIN, team:NAME, user:* …");
    return print(sql_operator_budget_end, json_pack("{s:s}", "scope", words->list[0]), err);
}

static const struct option_entry set_options[] = {
    {"--limit", "USD", "at most so many dollars, with up to nine digits behind the point",
     &limit_option, NULL},
    {"--period", "PERIOD", "in each day, month or in total (month)", &period_option, NULL},
    {"--soft", "PERCENT", "warn from this share of it on (80)", &soft_option, NULL},
};

const struct command commands_budgets[] = {
    {"budgets list", "", "what people and teams may spend, and what is used of it", run_list, {0}},
    {"budgets set",
     "SCOPE",
     "set the budget of user:LOGIN or team:NAME, or of user:* or team:* without one",
     run_set,
     {set_options, COUNT_OF(set_options)}},
    {"budgets end", "SCOPE", "take the budget of a scope away", run_end, {0}},
    {"budgets", "", "the same as budgets list", run_list, {0}},
    {0},
};
