#include "api/routes/password.h"

#include <stdio.h>

#include "api/api.h"
#include "api/sign_in/easy_password.h"
#include "api/sign_in/factor.h"
#include "api/sign_in/opening.h"
#include "common/base/crypto.h"
#include "common/base/fault.h"
#include "statements.h"

static const struct json_field set_fields[] = {
    {"current", JSON_KIND_TEXT, false, 0, PASSWORD_MAX},
    {"password", JSON_KIND_TEXT, true, PASSWORD_MIN, PASSWORD_MAX},
};

static const struct json_field confirm_fields[] = {
    {"password", JSON_KIND_TEXT, true, 0, PASSWORD_MAX},
    {"code", JSON_KIND_TEXT, false, 1, CODE_TEXT_MAX},
};

bool password_throttled(struct call *call, int64_t seconds, struct error *err)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)seconds);
    reply_add_header(call->reply, "Retry-After", text);
    return fail(err, ERR_THROTTLED, "too many attempts; try again in %s seconds", text);
}

bool password_check(struct call *call, const char *hash, const char *password, bool *ret_matches,
                    struct error *err)
{
    if (sem_trywait(&call->api->hashing) != 0)
        return password_throttled(call, 1, err);
    *ret_matches = password_matches(hash, bytes_of(password));
    sem_post(&call->api->hashing);
    FAULT("api.login.after_hash");
    return true;
}

bool password_wrong(struct call *call, const char *login, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_login_failure(call->db, login, call->exchange->address, "wrong", &rows, err))
        return false;
    return fail(err, ERR_WRONG_PASSWORD, "login or password is wrong");
}

bool password_code_wrong(struct call *call, struct error *err)
{
    struct error failed = {0};
    AUTO(rows) struct rows *rows = NULL;
    if (err->code == ERR_WRONG_CODE &&
        !sql_login_failure(call->db, call->who.login, call->exchange->address, "code", &rows,
                           &failed))
        *err = failed;
    return false;
}

/* The own password, shown once more in a field of the body. Tries are counted; a wrong one is no
 * 401, since the session is still good. */
static bool confirm(struct call *call, const char *hash, const char *field, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_confirm_count(call->db, call->who.session_id, &rows, err))
        return false;
    if (rows_integer(rows, 0, 0) > 0)
        return password_throttled(call, rows_integer(rows, 0, 0), err);
    bool matches = false;
    if (!password_check(call, hash, json_text_of(call->body, field), &matches, err))
        return false;
    if (matches)
        return true;
    (void)!password_wrong(call, call->who.login, err);
    if (err->code == ERR_WRONG_PASSWORD)
        fail_field(err, ERR_FORBIDDEN, field, "the current password is wrong");
    return false;
}

bool password_fresh(struct call *call, const char *what, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_session_is_fresh(call->db, call->who.session_id, call->api->settings.reauth_seconds,
                              &rows, err))
        return false;
    if (rows_integer(rows, 0, 0))
        return true;
    return fail(err, ERR_REAUTHENTICATE,
                call->who.session_id ? "show who you are once more to %s"
                                     : "a token is not enough to %s: sign in",
                what);
}

/* Who has a password must show it again, and who has none must have come in a moment ago: an open
 * page alone does not change it. */
static bool check_current(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *stored = NULL;
    if (!sql_password_get(call->db, call->who.person_id, &stored, err))
        return false;
    if (rows_count(stored) == 0 || rows_is_null(stored, 0, 0))
        return password_fresh(call, "set your first password", err);
    if (!json_text_of(call->body, "current"))
        return fail_field(err, ERR_MISSING_FIELD, "current", "current is missing");
    return confirm(call, rows_text(stored, 0, 0), "current", err);
}

/* Also what the house and its people are called: that is guessed next. */
static bool check_new(const struct call *call, struct error *err)
{
    const struct settings *settings = &call->api->settings;
    AUTO(buffer) struct buffer words = {0};
    buffer_printf(&words, "%s %s %s", call->who.login, settings->public_url,
                  settings->password_words);
    return !password_is_easy(json_text_of(call->body, "password"), words.data) ||
           fail_field(err, ERR_INVALID_FIELD, "password",
                      "many people have this password, or it is little more than a name or word "
                      "of this place, so it is guessed first: choose another");
}

bool route_password_set(struct call *call, struct error *err)
{
    if (!json_check(call->body, "", set_fields, COUNT_OF(set_fields), err) ||
        !check_new(call, err) || !check_current(call, err))
        return false;
    char hash[PASSWORD_HASH_SIZE];
    if (sem_trywait(&call->api->hashing) != 0)
        return password_throttled(call, 1, err);
    bool hashed = password_hash(bytes_of(json_text_of(call->body, "password")), hash, err);
    sem_post(&call->api->hashing);
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    AUTO(text) char *text = json_text(actor);
    AUTO(rows) struct rows *rows = NULL;
    if (!hashed || !sql_password_set(call->db, text, hash, &rows, err))
        return false;
    call->reply->status = 204;
    return true;
}

bool route_reauthenticate(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *stored = NULL;
    if (!json_check(call->body, "", confirm_fields, COUNT_OF(confirm_fields), err) ||
        !sql_password_get(call->db, call->who.person_id, &stored, err))
        return false;
    if (rows_count(stored) == 0 || rows_is_null(stored, 0, 0))
        return fail_field(err, ERR_FORBIDDEN, "password", "you have no password: sign in anew");
    AUTO(text) char *proof = NULL;
    if (!confirm(call, rows_text(stored, 0, 0), "password", err) ||
        !factors_proof(call, call->who.person_id, &proof, err))
        return false;
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    AUTO(text) char *text = json_text(actor);
    struct opening opening;
    opening_prepare(call, &opening);
    AUTO(text) char *session = opening_text(call, &opening);
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_reauthenticate(call->db, text, "password", session, proof, &rows, err))
        return password_code_wrong(call, err);
    opening_renew(call, &opening, rows_text(rows, 0, 0));
    return true;
}
