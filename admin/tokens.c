#include <stdio.h>
#include <stdlib.h>

#include "admin/command.h"
#include "admin/operator.h"
#include "build/gen/statements.h"
#include "common/base/crypto.h"

#define PREFIX_SHOWN 12 /* of a token, so that people can tell theirs apart */
#define DAY_SECONDS 86400
#define DAYS_MOST 3650

static const char *name_option, *scope_option, *days_option;
static bool json_option;

static bool create_token(struct words *words, int *ret_status, struct error *err)
{
    static const long bounds[2] = {1, DAYS_MOST};
    long days = 90;
    char token[TOKEN_SIZE];
    uint8_t digest[SHA256_SIZE];
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST, "this needs a login; --help says more");
    if (days_option && !options_number("--days", days_option, bounds, &days, err))
        return false;
    token_new("cs_", token);
    sha256(bytes_of(token), digest);
    AUTO(json)
    json_t *item = json_pack("{s:s, s:s, s:s%, s:o, s:I}", "login", words->list[0], "name",
                             name_option ? name_option : "made by the operator", "prefix", token,
                             (size_t)PREFIX_SHOWN, "scopes",
                             operator_list(scope_option ? scope_option : "read,submit"), "seconds",
                             (json_int_t)days * DAY_SECONDS);
    if (!item)
        return fail(err, ERR_BAD_REQUEST, "login and name must be UTF-8");
    AUTO(text) char *text = json_text(item);
    if (!operator_open(&db, err) ||
        !sql_operator_token_add(db, text, (struct bytes){digest, sizeof digest}, &rows, err))
        return false;
    printf("%s\n", token);
    fprintf(stderr, "shown once; only its digest is kept\n");
    *ret_status = 0;
    return true;
}

static bool list_tokens(struct words *words, int *ret_status, struct error *err)
{
    static const char *const columns[] = {"id",      "login",      "name",
                                          "prefix",  "scopes",     "created_at",
                                          "used_at", "expires_at", "revoked_at"};
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *list = NULL;
    (void)words;
    if (!operator_open(&db, err) || !sql_operator_tokens(db, &rows, err) ||
        !operator_answer(rows, &list, err))
        return false;
    if (json_option)
        printf("%s\n", rows_text(rows, 0, 0));
    else
        operator_print(list, columns, COUNT_OF(columns));
    *ret_status = 0;
    return true;
}

static bool revoke_token(struct words *words, int *ret_status, struct error *err)
{
    static const long bounds[2] = {1, __LONG_MAX__};
    long id;
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST, "this needs the id that `token list` shows");
    if (!options_number("the id", words->list[0], bounds, &id, err))
        return false;
    AUTO(json) json_t *item = json_pack("{s:I}", "id", (json_int_t)id);
    AUTO(text) char *text = json_text(item);
    if (!operator_open(&db, err) || !sql_operator_token_revoke(db, text, &rows, err))
        return false;
    printf("token %ld is revoked\n", id);
    *ret_status = 0;
    return true;
}

static const struct option_entry create_entries[] = {
    {"--name", "NAME", "what it is for", &name_option, NULL},
    {"--scope", "SCOPES", "read, submit, decide, admin, with commas between (read,submit)",
     &scope_option, NULL},
    {"--days", "N", "how long it is good (90)", &days_option, NULL},
};
static const struct option_entry list_entries[] = {
    {"--json", NULL, "as JSON", NULL, &json_option},
};

const struct command commands_tokens[] = {
    {"token create",
     "LOGIN",
     "an API token for a person or an agent",
     create_token,
     {create_entries, COUNT_OF(create_entries)}},
    {"token list",
     "",
     "all tokens, never the secret part",
     list_tokens,
     {list_entries, COUNT_OF(list_entries)}},
    {"token revoke", "ID", "end a token", revoke_token, {0}},
    {0},
};
