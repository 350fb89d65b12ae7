#include "api/routes/people.h"

#include <string.h>

#include "api/api.h"
#include "api/routes/password.h"
#include "common/base/crypto.h"
#include "common/domain/names.h"
#include "statements.h"

#define JSON_ID_MAX INT64_C(9007199254740991)
#define DAY_SECONDS INT64_C(86400)
#define TOKEN_DAYS 90
#define TOKEN_DAYS_MAX 3650
#define TOKEN_PREFIX_LEN 8 /* of a token, stored for people to recognise it by */

/* {"people": […]} around what the database gave. */
static bool reply_list(struct call *call, const char *name, const struct rows *rows)
{
    buffer_printf(&call->reply->body, "{\"%s\":", name);
    buffer_add_text(&call->reply->body, rows_text(rows, 0, 0));
    buffer_add_text(&call->reply->body, "}");
    call->reply->status = 200;
    call->reply->type = "application/json";
    return true;
}

static char *actor_text(const struct call *call)
{
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    return json_text(actor);
}

/* The new row's id with what was asked for. */
static bool reply_created(struct call *call, const struct rows *rows, json_t *answer)
{
    json_object_set_new(answer, "id", json_integer(rows_integer(rows, 0, 0)));
    reply_json(call->reply, 201, answer);
    return true;
}

static bool check_name(const json_t *body, struct error *err)
{
    const char *name = json_text_of(body, "name");
    return !name || name_check(name, err);
}

static bool check_ids(const json_t *body, const char *field, struct error *err)
{
    size_t n;
    json_t *id;
    json_array_foreach (json_object_get(body, field), n, id)
        if (!json_is_integer(id) || json_integer_value(id) < 1 ||
            json_integer_value(id) > JSON_ID_MAX)
            return fail_field(err, ERR_INVALID_FIELD, field, "%s must hold ids", field);
    return true;
}

/* A list of words, each one of `words`. */
static bool check_words(const json_t *body, const char *field, const char *const *words,
                        struct error *err)
{
    size_t n;
    json_t *item;
    json_array_foreach (json_object_get(body, field), n, item) {
        const char *word = json_string_value(item);
        size_t i = 0;
        while (word && words[i] && strcmp(words[i], word) != 0)
            i++;
        if (!word || !words[i])
            return fail_field(err, ERR_INVALID_FIELD, field, "%s has an unknown word", field);
    }
    return true;
}

static const char *const role_words[] = {"analyst", "reviewer", "admin", "agent", NULL};
static const char *const scope_words[] = {"read", "submit", "decide", "admin", NULL};
static const char *const kind_words[] = {"human", "agent", NULL};

bool route_people(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    return sql_people_list(call->db, call->who.person_id, &rows, err) &&
           reply_list(call, "people", rows);
}

static bool check_person(const json_t *body, struct error *err)
{
    const char *kind = json_text_of(body, "kind");
    if (kind && strcmp(kind, kind_words[0]) != 0 && strcmp(kind, kind_words[1]) != 0)
        return fail_field(err, ERR_INVALID_FIELD, "kind", "kind must be human or agent");
    return check_name(body, err) && check_words(body, "roles", role_words, err) &&
           check_ids(body, "team_ids", err);
}

/* What lets somebody approve, and as who they appear, is not changed out of an open page alone, nor
 * by a token. To shut somebody out takes nothing more: it may be urgent. */
static bool check_changer(struct call *call, struct error *err)
{
    return (json_object_size(call->body) == 1 && json_flag(call->body, "disabled")) ||
           password_fresh(call, "change people", err);
}

static bool check_apart(struct call *call, int64_t own_id, struct error *err)
{
    const char *name = json_text_of(call->body, "name");
    AUTO(rows) struct rows *rows = NULL;
    if (!name)
        return true;
    if (!sql_people_list(call->db, call->who.person_id, &rows, err))
        return false;
    AUTO(json) json_t *people = json_loads(rows_text(rows, 0, 0), 0, NULL);
    return name_is_apart(name, people, own_id, err);
}

bool route_person_create(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"login", JSON_KIND_TEXT, true, 1, NAME_MAX_CHARS},
        {"name", JSON_KIND_TEXT, true, 1, 4 * NAME_MAX_CHARS},
        {"kind", JSON_KIND_TEXT, false, 1, 10},
        {"roles", JSON_KIND_ARRAY, true, 1, 4},
        {"owner_id", JSON_KIND_INTEGER, false, 1, JSON_ID_MAX},
        {"team_ids", JSON_KIND_ARRAY, false, 0, 50},
    };
    AUTO(text) char *actor = actor_text(call);
    AUTO(text) char *item = json_text(call->body);
    AUTO(rows) struct rows *rows = NULL;
    return json_check(call->body, "", fields, COUNT_OF(fields), err) &&
           check_person(call->body, err) && check_changer(call, err) && check_apart(call, 0, err) &&
           sql_person_create(call->db, actor, item, &rows, err) &&
           reply_created(call, rows, call->body);
}

bool route_person_change(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, false, 1, 4 * NAME_MAX_CHARS},
        {"roles", JSON_KIND_ARRAY, false, 1, 4},
        {"team_ids", JSON_KIND_ARRAY, false, 0, 50},
        {"disabled", JSON_KIND_BOOLEAN, false, 0, 0},
    };
    AUTO(text) char *actor = actor_text(call);
    AUTO(text) char *item = json_text(call->body);
    AUTO(rows) struct rows *rows = NULL;
    if (!json_check(call->body, "", fields, COUNT_OF(fields), err) ||
        !check_person(call->body, err) || !check_changer(call, err) ||
        !check_apart(call, call->exchange->ids[0], err) ||
        !sql_person_change(call->db, actor, call->exchange->ids[0], item, &rows, err))
        return false;
    call->reply->status = 204;
    return true;
}

bool route_teams(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    return sql_teams_list(call->db, call->who.person_id, &rows, err) &&
           reply_list(call, "teams", rows);
}

/* Requests go to teams by their names: none is made that would be taken for another. */
static bool check_unlike(struct call *call, const char *name, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_teams_list(call->db, call->who.person_id, &rows, err))
        return false;
    AUTO(json) json_t *teams = json_loads(rows_text(rows, 0, 0), 0, NULL);
    return name_is_apart(name, teams, 0, err);
}

bool route_team_create(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, true, 1, 4 * NAME_MAX_CHARS},
    };
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    return json_check(call->body, "", fields, COUNT_OF(fields), err) &&
           check_name(call->body, err) &&
           check_unlike(call, json_text_of(call->body, "name"), err) &&
           sql_team_create(call->db, actor, json_text_of(call->body, "name"), &rows, err) &&
           reply_created(call, rows, call->body);
}

bool route_tokens(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    return sql_tokens_list(call->db, call->who.person_id, &rows, err) &&
           reply_list(call, "tokens", rows);
}

/* The item for token_create: whose, and for how long. New reference. */
static json_t *token_item(const struct call *call, const char *token)
{
    json_t *item = json_copy(call->body);
    int64_t days = json_integer_of(call->body, "days", TOKEN_DAYS);
    json_object_del(item, "days");
    json_object_set_new(item, "seconds", json_integer(days * DAY_SECONDS));
    json_object_set_new(item, "prefix", json_stringn(token, TOKEN_PREFIX_LEN));
    if (!json_object_get(item, "person_id"))
        json_object_set_new(item, "person_id", json_integer(call->who.person_id));
    return item;
}

/* What outlives the session and decides or administers is not made out of an open page alone. */
static bool check_maker(struct call *call, struct error *err)
{
    size_t n;
    json_t *scope;
    json_array_foreach (json_object_get(call->body, "scopes"), n, scope) {
        const char *word = json_string_value(scope);
        if (strcmp(word, "decide") == 0 || strcmp(word, "admin") == 0)
            return password_fresh(call, "make such a token", err);
    }
    return true;
}

/* The token's text is in this one answer and nowhere else. */
bool route_token_create(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"name", JSON_KIND_TEXT, true, 1, 4 * NAME_MAX_CHARS},
        {"scopes", JSON_KIND_ARRAY, true, 1, 4},
        {"days", JSON_KIND_INTEGER, false, 1, TOKEN_DAYS_MAX},
        {"person_id", JSON_KIND_INTEGER, false, 1, JSON_ID_MAX},
    };
    char token[TOKEN_SIZE];
    uint8_t digest[SHA256_SIZE];
    if (!json_check(call->body, "", fields, COUNT_OF(fields), err) ||
        !check_name(call->body, err) || !check_words(call->body, "scopes", scope_words, err) ||
        !check_maker(call, err))
        return false;
    token_new("cst_", token);
    sha256(bytes_of(token), digest);
    AUTO(json) json_t *item = token_item(call, token);
    AUTO(text) char *item_text = json_text(item);
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_token_create(call->db, actor, item_text, (struct bytes){digest, sizeof digest}, &rows,
                          err))
        return false;
    json_object_set_new(item, "token", json_string(token));
    return reply_created(call, rows, item);
}

bool route_token_revoke(struct call *call, struct error *err)
{
    AUTO(text) char *actor = actor_text(call);
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_token_revoke(call->db, actor, call->exchange->ids[0], &rows, err))
        return false;
    call->reply->status = 204;
    return true;
}
