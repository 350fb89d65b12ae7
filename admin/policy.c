/* The rules by which code is judged: what they are, how they came to be so, and changing them. */
#include <stdio.h>
#include <string.h>

#include "admin/command.h"
#include "admin/operator.h"
#include "statements.h"

static const char *level_option, *note_option;

static const char *const rule_columns[] = {"id", "level", "title"};
static const char *const version_columns[] = {"version", "created_at", "changes", "note"};

static bool ask_rules(struct db *db, const char *item, struct rows **ret_rows, struct error *err)
{
    (void)item;
    return sql_policy_rules(db, ret_rows, err);
}

static bool ask_versions(struct db *db, const char *item, struct rows **ret_rows, struct error *err)
{
    (void)item;
    return sql_operator_policy_versions(db, ret_rows, err);
}

static bool run_rules(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    AUTO(json) json_t *shown = json_array();
    size_t n;
    json_t *rule;
    *ret_status = 0;
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "this takes options only: %s", words->list[0]);
    if (!operator_call(ask_rules, json_object(), &answer, err))
        return false;
    json_array_foreach (json_object_get(answer, "rules"), n, rule) {
        if (!level_option || strcmp(json_text_of(rule, "level"), level_option) == 0)
            json_array_append(shown, rule);
    }
    operator_print(shown, rule_columns, COUNT_OF(rule_columns));
    return true;
}

static bool run_versions(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    *ret_status = 0;
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "this takes no words: %s", words->list[0]);
    if (!operator_call(ask_versions, json_object(), &answer, err))
        return false;
    operator_print(answer, version_columns, COUNT_OF(version_columns));
    return true;
}

static bool run_set(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    *ret_status = 0;
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST, "this needs the id of one rule: see `policy rules`");
    json_t *item = json_pack("{s:s, s:s*, s:s*}", "rule", words->list[0], "level", level_option,
                             "note", note_option);
    if (!item)
        return fail(err, ERR_BAD_REQUEST, "rule, level and note must be UTF-8");
    if (!operator_call(sql_operator_policy_set, item, &answer, err))
        return false;
    printf("%s is %s now, and was %s: version %lld of the rules\n"
           "What waits or is approved is judged again before any of it starts.\n",
           words->list[0], json_text_of(answer, "level"), json_text_of(answer, "before"),
           (long long)json_integer_of(answer, "version", 0));
    return true;
}

static const struct option_entry rules_options[] = {
    {"--level", "LEVEL", "only those of none, note, medium, high or block", &level_option, NULL},
};

static const struct option_entry set_options[] = {
    {"--level", "LEVEL", "none, note, medium, high (two approvals) or block (never runs)",
     &level_option, NULL},
    {"--note", "TEXT", "why; it stands in the audit trail", &note_option, NULL},
};

const struct command commands_policy[] = {
    {"policy rules",
     "",
     "the rules by which code is judged",
     run_rules,
     {rules_options, COUNT_OF(rules_options)}},
    {"policy versions", "", "how the rules have changed, and why", run_versions, {0}},
    {"policy set",
     "RULE",
     "give a rule another level from now on",
     run_set,
     {set_options, COUNT_OF(set_options)}},
    {0},
};
