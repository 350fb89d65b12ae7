#include <stdio.h>
#include <stdlib.h>

#include "admin/command.h"
#include "admin/operator.h"
#include "build/gen/statements.h"
#include "common/base/crypto.h"
#include "common/domain/names.h"

#define LINK_MINUTES_MOST 10080

static const char *name_option, *role_option, *team_option, *owner_option, *minutes_option;
static bool json_option, enable_option, forget_option;

static bool needs_words(const struct words *words, int count, const char *what, struct error *err)
{
    if (words->count == count)
        return true;
    return fail(err, ERR_BAD_REQUEST, "this needs %s; --help says more", what);
}

static bool people(struct db *db, const char *item, struct rows **ret_rows, struct error *err)
{
    (void)item;
    return sql_operator_people(db, ret_rows, err);
}

static bool teams(struct db *db, const char *item, struct rows **ret_rows, struct error *err)
{
    (void)item;
    return sql_operator_teams(db, ret_rows, err);
}

/* The operator's names are read by reviewers like everybody's, and looked at as the api does. */
static bool check_name(const char *name, operator_statement_fn *list, struct error *err)
{
    AUTO(json) json_t *others = NULL;
    return name_check(name, err) && operator_call(list, json_object(), &others, err) &&
           name_is_apart(name, others, 0, err);
}

static bool add_person(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    if (!needs_words(words, 1, "a login", err))
        return false;
    const char *login = words->list[0], *name = name_option ? name_option : login;
    if (!check_name(name, people, err))
        return false;
    const char *roles = role_option ? role_option : owner_option ? "agent" : "analyst";
    json_t *item = json_pack("{s:s, s:s, s:s, s:o, s:o}", "login", login, "name", name, "kind",
                             owner_option ? "agent" : "human", "roles", operator_list(roles),
                             "teams", operator_list(team_option));
    if (!item)
        return fail(err, ERR_BAD_REQUEST, "login, roles and teams must be UTF-8");
    if (owner_option)
        json_object_set_new(item, "owner", json_string(owner_option));
    if (!operator_call(sql_operator_person_add, item, &answer, err))
        return false;
    printf("added %s; `countersign link %s` prints a link to sign in\n", login, login);
    *ret_status = 0;
    return true;
}

static bool show(operator_statement_fn *statement, const char *const *columns, size_t count,
                 struct error *err)
{
    AUTO(json) json_t *list = NULL;
    if (!operator_call(statement, json_object(), &list, err))
        return false;
    if (!json_option) {
        operator_print(list, columns, count);
        return true;
    }
    AUTO(text) char *text = json_text(list);
    printf("%s\n", text);
    return true;
}

static bool list_people(struct words *words, int *ret_status, struct error *err)
{
    static const char *const columns[] = {
        "id", "login", "name", "kind", "roles", "teams", "disabled", "second_factor", "created_at"};
    *ret_status = 0;
    return needs_words(words, 0, "no words", err) && show(people, columns, COUNT_OF(columns), err);
}

static bool list_teams(struct words *words, int *ret_status, struct error *err)
{
    static const char *const columns[] = {"id", "name", "people"};
    *ret_status = 0;
    return needs_words(words, 0, "no words", err) && show(teams, columns, COUNT_OF(columns), err);
}

static bool disable_person(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    if (!needs_words(words, 1, "a login", err))
        return false;
    json_t *item = json_pack("{s:s, s:b}", "login", words->list[0], "disabled", !enable_option);
    if (!operator_call(sql_operator_person_update, item, &answer, err))
        return false;
    printf("%s is %s\n", words->list[0], enable_option ? "enabled" : "disabled");
    *ret_status = 0;
    return true;
}

static bool set_roles(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    if (!needs_words(words, 2, "a login and roles, such as analyst,reviewer", err))
        return false;
    json_t *item =
        json_pack("{s:s, s:o}", "login", words->list[0], "roles", operator_list(words->list[1]));
    if (team_option)
        json_object_set_new(item, "teams", operator_list(team_option));
    if (!operator_call(sql_operator_person_update, item, &answer, err))
        return false;
    printf("%s is %s\n", words->list[0], words->list[1]);
    *ret_status = 0;
    return true;
}

static bool reset_factor(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    if (!needs_words(words, 1, "a login", err) ||
        !operator_call(sql_operator_factor_reset, json_pack("{s:s}", "login", words->list[0]),
                       &answer, err))
        return false;
    printf("%s has no second factor any more, and is signed out\n", words->list[0]);
    *ret_status = 0;
    return true;
}

static bool add_team(struct words *words, int *ret_status, struct error *err)
{
    AUTO(json) json_t *answer = NULL;
    if (!needs_words(words, 1, "a name", err) || !check_name(words->list[0], teams, err) ||
        !operator_call(sql_operator_team_add, json_pack("{s:s}", "name", words->list[0]), &answer,
                       err))
        return false;
    printf("team %s has id %lld\n", words->list[0], (long long)json_integer_of(answer, "id", 0));
    *ret_status = 0;
    return true;
}

static bool print_link(struct words *words, int *ret_status, struct error *err)
{
    static const long bounds[2] = {1, LINK_MINUTES_MOST};
    long minutes = 60;
    char token[TOKEN_SIZE];
    uint8_t digest[SHA256_SIZE];
    AUTO(text) char *url = NULL;
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    if (!needs_words(words, 1, "a login", err) ||
        (minutes_option && !options_number("--minutes", minutes_option, bounds, &minutes, err)))
        return false;
    token_new("csl_", token);
    sha256(bytes_of(token), digest);
    AUTO(json)
    json_t *item = json_pack("{s:s, s:I, s:b}", "login", words->list[0], "seconds",
                             (json_int_t)minutes * 60, "forget_password", forget_option);
    AUTO(text) char *text = json_text(item);
    if (!operator_public_url(&url, err) || !operator_open(&db, err) ||
        !sql_operator_link_add(db, text, (struct bytes){digest, sizeof digest}, &rows, err))
        return false;
    printf("%s/sign-in#%s\n", url, token);
    *ret_status = 0;
    return true;
}

static const struct option_entry person_entries[] = {
    {"--name", "NAME", "as others see it (the login)", &name_option, NULL},
    {"--role", "ROLES", "analyst, reviewer, admin, with commas between (analyst)", &role_option,
     NULL},
    {"--team", "TEAMS", "with commas between", &team_option, NULL},
    {"--agent-of", "LOGIN", "makes an agent, owned by that person", &owner_option, NULL},
};
static const struct option_entry list_entries[] = {
    {"--json", NULL, "as JSON", NULL, &json_option},
};
static const struct option_entry disable_entries[] = {
    {"--enable", NULL, "the other way round", NULL, &enable_option},
};
static const struct option_entry role_entries[] = {
    {"--team", "TEAMS", "these teams instead, too", &team_option, NULL},
};
static const struct option_entry link_entries[] = {
    {"--minutes", "N", "how long it is good (60)", &minutes_option, NULL},
    {"--forget-password", NULL, "the old password is void; a new one is set by who opens the link",
     NULL, &forget_option},
};

const struct command commands_people[] = {
    {"person add",
     "LOGIN",
     "add a person, or an agent",
     add_person,
     {person_entries, COUNT_OF(person_entries)}},
    {"person list", "", "everybody there is", list_people, {list_entries, COUNT_OF(list_entries)}},
    {"person disable",
     "LOGIN",
     "end somebody's sessions and tokens, and let nobody in by them",
     disable_person,
     {disable_entries, COUNT_OF(disable_entries)}},
    {"person role",
     "LOGIN ROLES",
     "give somebody other roles",
     set_roles,
     {role_entries, COUNT_OF(role_entries)}},
    {"person reset-factor",
     "LOGIN",
     "take somebody's second factor away who lost it, and end their sessions",
     reset_factor,
     {0}},
    {"team add", "NAME", "add a team", add_team, {0}},
    {"team list", "", "all teams", list_teams, {list_entries, COUNT_OF(list_entries)}},
    {"link",
     "LOGIN",
     "a link that signs somebody in, once",
     print_link,
     {link_entries, COUNT_OF(link_entries)}},
    {0},
};
