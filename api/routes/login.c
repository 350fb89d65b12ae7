#include "api/routes/login.h"

#include "api/api.h"
#include "api/sign_in/opening.h"
#include "api/routes/password.h"
#include "api/sign_in/factor.h"
#include "api/sign_in/proxy.h"
#include "api/requests/sandboxes.h"
#include "api/requests/submission.h"
#include "common/base/crypto.h"
#include "common/domain/names.h"
#include "statements.h"

#define LOGIN_MAX 100

static const struct json_field login_fields[] = {
    {"login", JSON_KIND_TEXT, false, 1, LOGIN_MAX},
    {"password", JSON_KIND_TEXT, false, 0, PASSWORD_MAX},
    {"link_token", JSON_KIND_TEXT, false, 1, SESSION_TOKEN_MAX},
    {"code", JSON_KIND_TEXT, false, 1, CODE_TEXT_MAX},
    {"proxy", JSON_KIND_BOOLEAN, false, 0, 0},
};

/* The column says why a code is wanted, or null. */
static bool check_fault(const struct rows *rows, int column, struct error *err)
{
    if (rows_is_null(rows, 0, column))
        return true;
    enum error_code code = error_from_name(rows_text(rows, 0, column));
    return fail_field(err, code, "code", "%s",
                      code == ERR_WRONG_CODE ? "this code is not right, or was used"
                                             : "a code of your second factor is needed");
}

static bool open_session(struct call *call, const char *login, struct opening *opening,
                         struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    AUTO(text) char *proof = NULL;
    AUTO(text) char *session = opening_text(call, opening);
    return factors_proof(call, opening->person_id, &proof, err) &&
           sql_login_success(call->db, opening->person_id, login, session, proof, &rows, err) &&
           check_fault(rows, 1, err);
}

/* An unknown account costs the same time and gets the same answer as a wrong password. */
static bool sign_in_by_password(struct call *call, struct opening *opening, struct error *err)
{
    const char *login = json_text_of(call->body, "login");
    const char *password = json_text_of(call->body, "password");
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_login_lookup(call->db, login, call->exchange->address, &rows, err))
        return false;
    int64_t wait = rows_integer(rows, 0, 2);
    if (wait > 0)
        return password_throttled(call, wait, err);
    const char *hash = rows_is_null(rows, 0, 1) ? NULL : rows_text(rows, 0, 1);
    bool matches = false;
    if (!password_check(call, hash ? hash : call->api->dummy_hash, password, &matches, err))
        return false;
    if (!matches || !hash)
        return password_wrong(call, login, err);
    opening->person_id = rows_integer(rows, 0, 0);
    return open_session(call, login, opening, err);
}

/* What the code, if there is one, proves of the person whose link this is. */
static bool link_proof(struct call *call, struct bytes digest, char **ret_proof, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!json_object_get(call->body, "code"))
        return factors_proof(call, 0, ret_proof, err);
    if (!sql_factor_of_link(call->db, digest, &rows, err))
        return false;
    return factors_proof(call, rows_is_null(rows, 0, 0) ? 0 : rows_integer(rows, 0, 0), ret_proof,
                         err);
}

static bool sign_in_by_link(struct call *call, struct opening *opening, struct error *err)
{
    uint8_t digest[SHA256_SIZE];
    const struct bytes link = {digest, sizeof digest};
    AUTO(text) char *proof = NULL;
    AUTO(text) char *session = opening_text(call, opening);
    AUTO(rows) struct rows *rows = NULL;
    sha256(bytes_of(json_text_of(call->body, "link_token")), digest);
    if (!link_proof(call, link, &proof, err) ||
        !sql_link_consume(call->db, link, session, proof, &rows, err))
        return false;
    int64_t wait = rows_is_null(rows, 0, 1) ? 0 : rows_integer(rows, 0, 1);
    if (wait > 0)
        return password_throttled(call, wait, err);
    if (!check_fault(rows, 2, err))
        return false;
    if (rows_is_null(rows, 0, 0))
        return fail(err, ERR_WRONG_PASSWORD, "this link was used, has expired or never was");
    opening->person_id = rows_integer(rows, 0, 0);
    return true;
}

/* Who is new is called by their login. */
static bool is_name_free(struct call *call, const char *login, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    AUTO(rows) struct rows *kept = NULL;
    AUTO(json) json_t *claims = json_pack("{s:s}", "email", login);
    AUTO(text) char *text = json_text(claims);
    if (!sql_names_beside(call->db, text, &rows, err))
        return false;
    AUTO(json) json_t *others = json_loads(rows_text(rows, 0, 0), 0, NULL);
    if (!name_is_taken(login, others))
        return true;
    return sql_login_failure(call->db, "", call->exchange->address, "proxy name", &kept, err) &&
           fail(err, ERR_WRONG_PASSWORD,
                "the login that the proxy names looks like the name of somebody else: an admin "
                "lets you in");
}

static bool sign_in_by_proxy(struct call *call, struct opening *opening, struct error *err)
{
    const char *login;
    AUTO(rows) struct rows *rows = NULL;
    if (!json_flag(call->body, "proxy"))
        return fail_field(err, ERR_INVALID_FIELD, "proxy", "proxy must be true");
    if (!proxy_signs_in(call->api->proxy))
        return fail_field(err, ERR_FORBIDDEN, "proxy", "no proxy signs people in here");
    if (!proxy_login(call->api->proxy, call->exchange, &login, err))
        return false;
    if (!login)
        return fail(err, ERR_UNAUTHENTICATED, "the proxy names nobody");
    if (call->api->settings.sign_in_creates && !is_name_free(call, login, err))
        return false;
    AUTO(text) char *session = opening_text(call, opening);
    if (!sql_proxy_sign_in(call->db, login, session, call->api->settings.sign_in_creates, &rows,
                           err))
        return false;
    if (rows_is_null(rows, 0, 0))
        return fail(err, ERR_WRONG_PASSWORD, "nobody here has the login that the proxy names");
    opening->person_id = rows_integer(rows, 0, 0);
    return true;
}

static const struct way {
    const char *field;
    bool alone; /* needs no other field */
    bool coded; /* but for a code of the second factor */
    bool (*sign_in)(struct call *call, struct opening *opening, struct error *err);
} ways[] = {
    {"link_token", true, true, sign_in_by_link},
    {"proxy", true, false, sign_in_by_proxy},
    {"login", false, true, sign_in_by_password},
};

/* The last one without any of their fields: it says what is missing. */
static const struct way *find_way(const json_t *body)
{
    size_t i = 0;
    while (i < COUNT_OF(ways) - 1 && !json_object_get(body, ways[i].field))
        i++;
    return &ways[i];
}

static bool check_way(const struct way *way, const json_t *body, struct error *err)
{
    size_t most = 1 + (way->coded && json_object_get(body, "code"));
    if (way->alone && json_object_size(body) > most)
        return fail_field(err, ERR_INVALID_FIELD, way->field, "%s needs nothing else", way->field);
    if (!way->alone && !json_object_get(body, "login"))
        return fail_field(err, ERR_MISSING_FIELD, "login", "login is missing");
    if (!way->alone && !json_object_get(body, "password"))
        return fail_field(err, ERR_MISSING_FIELD, "password", "password is missing");
    return true;
}

bool route_login(struct call *call, struct error *err)
{
    if (!json_check(call->body, "", login_fields, COUNT_OF(login_fields), err))
        return false;
    const struct way *way = find_way(call->body);
    if (!check_way(way, call->body, err))
        return false;
    struct opening opening;
    opening_prepare(call, &opening);
    return way->sign_in(call, &opening, err) && opening_enter(call, &opening, err);
}

bool route_logout(struct call *call, struct error *err)
{
    if (!json_check(call->body, "", NULL, 0, err))
        return false;
    opening_leave(call);
    call->reply->status = 204;
    return true;
}

static json_t *settings_json(const struct settings *settings)
{
    return json_pack("{s:I, s:b, s:I, s:I, s:o, s:I, s:I, s:I, s:[s, s], s:s, s:o}", "undo_seconds",
                     (json_int_t)settings->undo_seconds, "break_glass", settings->break_glass != 0,
                     "reauth_seconds", (json_int_t)settings->reauth_seconds, "review_min_seconds",
                     (json_int_t)settings->review_min_seconds, "limits", submission_most(settings),
                     "max_code_bytes", (json_int_t)settings->max_code_bytes, "max_code_lines",
                     (json_int_t)settings->max_code_lines, "max_upload_bytes",
                     (json_int_t)settings->max_upload_bytes, "languages", "python", "sql",
                     "sandbox", sandbox_default(settings), "sandboxes", sandboxes_json(settings));
}

/* NULL where nobody can set one up and this person has none. */
static json_t *factor_json(const struct call *call)
{
    const struct factors *factors = call->api->factors;
    if (!call->who.has_factor && !factors_offered(factors))
        return NULL;
    return json_pack("{s:b, s:b, s:b}", "set", call->who.has_factor, "required",
                     factors_required(factors, call->who.roles), "missing",
                     factors_missing(factors, &call->who));
}

bool route_me(struct call *call, struct error *err)
{
    const char *expires = call->who.session_id ? call->who.expires_at : NULL;
    const char *shown = call->who.authenticated_at[0] ? call->who.authenticated_at : NULL;
    AUTO(json)
    json_t *more =
        json_pack("{s:o, s:{s:s?, s:s?}}", "settings", settings_json(&call->api->settings),
                  "session", "expires_at", expires, "authenticated_at", shown);
    json_t *factor = factor_json(call);
    if (factor)
        json_object_set_new(more, "second_factor", factor);
    return opening_reply_me(call, call->who.person_id, call->who.csrf, more, err);
}
