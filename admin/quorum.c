/* How many people must approve what is how risky, and the groups of approvers of a team. */
#include <stdlib.h>

#include "admin/command.h"
#include "admin/operator.h"
#include "statements.h"

static const char *risk_option, *needed_option, *team_option, *group_option, *people_option;

static const char *const rule_columns[] = {"risk", "team", "group", "needed", "too_few"};
static const char *const group_columns[] = {"team", "name", "people"};

static bool no_words(const struct words *words, struct error *err)
{
    return words->count == 0 ||
           fail(err, ERR_BAD_REQUEST, "this takes options only: %s", words->list[0]);
}

static bool print(operator_statement_fn *statement, json_t *take_item, const char *const *columns,
                  size_t count, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    if (!operator_call(statement, take_item, &answer, err))
        return false;
    operator_print(answer, columns, count);
    return true;
}

static bool rules(struct db *db, const char *item, struct rows **ret_rows, struct error *err)
{
    (void)item;
    return sql_operator_quorum(db, ret_rows, err);
}

static bool groups(struct db *db, const char *item, struct rows **ret_rows, struct error *err)
{
    (void)item;
    return sql_operator_groups(db, ret_rows, err);
}

static bool run_rules(struct words *words, int *ret_status, struct error *err)
{
    *ret_status = 0;
    return no_words(words, err) &&
           print(rules, json_object(), rule_columns, COUNT_OF(rule_columns), err);
}

static bool run_set(struct words *words, int *ret_status, struct error *err)
{
    char *end = NULL;
    long needed = needed_option ? strtol(needed_option, &end, 10) : -1;
    *ret_status = 0;
    if (!no_words(words, err))
        return false;
    if (!needed_option || end == needed_option || *end)
        return fail(err, ERR_BAD_REQUEST, "--needed takes a number of people");
    json_t *item = json_pack("{s:s*, s:I, s:s*, s:s*}", "risk", risk_option, "needed",
                             (json_int_t)needed, "team", team_option, "group", group_option);
    return print(sql_operator_quorum_set, item, rule_columns, COUNT_OF(rule_columns), err);
}

static bool run_groups(struct words *words, int *ret_status, struct error *err)
{
    *ret_status = 0;
    return no_words(words, err) &&
           print(groups, json_object(), group_columns, COUNT_OF(group_columns), err);
}

static bool run_group_set(struct words *words, int *ret_status, struct error *err)
{
    *ret_status = 0;
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST, "this needs the name of a group");
    json_t *item = json_pack("{s:s*, s:s, s:o}", "team", team_option, "name", words->list[0],
                             "people", operator_list(people_option));
    if (!item)
        return fail(err, ERR_BAD_REQUEST, "team and name must be UTF-8");
    return print(sql_operator_group_set, item, group_columns, COUNT_OF(group_columns), err);
}

static const struct option_entry set_options[] = {
    {"--risk", "RISK", "low, medium or high", &risk_option, NULL},
    {"--needed", "N", "so many distinct people; 0 takes a team's own rule away", &needed_option,
     NULL},
    {"--team", "NAME", "only for this team's requests (all teams')", &team_option, NULL},
    {"--group", "NAME", "so many of this group of the team, among the others", &group_option, NULL},
};

static const struct option_entry group_options[] = {
    {"--team", "NAME", "the team whose group it is", &team_option, NULL},
    {"--people", "LOGIN,…", "its people from now on (nobody)", &people_option, NULL},
};

const struct command commands_quorum[] = {
    {"quorum list",
     "",
     "how many people must approve, and which teams have too few",
     run_rules,
     {0}},
    {"quorum set",
     "",
     "ask for so many approvals from now on; what is pending is asked, too",
     run_set,
     {set_options, COUNT_OF(set_options)}},
    {"group list", "", "the groups of approvers and their people", run_groups, {0}},
    {"group set",
     "NAME",
     "make a group of approvers, or say anew who is in it",
     run_group_set,
     {group_options, COUNT_OF(group_options)}},
    {0},
};
