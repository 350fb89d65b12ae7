#include "api/login_routes.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/password_routes.h"
#include "api/sandboxes.h"
#include "api/streams.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "statements.h"

#define LOGIN_MAX 100
#define AGENT_MAX 200

static const struct json_field login_fields[] = {
    {"login", JSON_KIND_TEXT, false, 1, LOGIN_MAX},
    {"password", JSON_KIND_TEXT, false, 0, PASSWORD_MAX},
    {"link_token", JSON_KIND_TEXT, false, 1, SESSION_TOKEN_MAX},
};

/* A session that is about to exist: what both ways of signing in hand to the database. */
struct opening {
    char token[TOKEN_SIZE];
    char csrf[CSRF_SIZE];
    uint8_t token_sha256[SHA256_SIZE];
    uint8_t csrf_sha256[SHA256_SIZE];
    char agent[AGENT_MAX + 1];
    int64_t person_id;
};

static void prepare(const struct call *call, struct opening *opening)
{
    const char *agent = exchange_header(call->exchange, "User-Agent");
    size_t len = agent ? strnlen(agent, AGENT_MAX) : 0;
    while (len > 0 && !utf8_is_valid((struct bytes){agent, len}))
        len--;
    memcpy(opening->agent, agent ? agent : "", len);
    opening->agent[len] = '\0';
    token_new("css_", opening->token);
    identity_csrf(opening->token, opening->csrf);
    sha256(bytes_of(opening->token), opening->token_sha256);
    sha256(bytes_of(opening->csrf), opening->csrf_sha256);
}

static bool open_session(struct call *call, const char *login, struct opening *opening,
                         struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    return sql_login_success(call->db, opening->person_id, login, call->exchange->address,
                             opening->agent, (struct bytes){opening->token_sha256, SHA256_SIZE},
                             (struct bytes){opening->csrf_sha256, SHA256_SIZE},
                             call->api->settings.session_seconds, &rows, err);
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

static bool sign_in_by_link(struct call *call, struct opening *opening, struct error *err)
{
    uint8_t digest[SHA256_SIZE];
    AUTO(rows) struct rows *rows = NULL;
    sha256(bytes_of(json_text_of(call->body, "link_token")), digest);
    if (!sql_link_consume(call->db, (struct bytes){digest, sizeof digest}, call->exchange->address,
                          opening->agent, (struct bytes){opening->token_sha256, SHA256_SIZE},
                          (struct bytes){opening->csrf_sha256, SHA256_SIZE},
                          call->api->settings.session_seconds, &rows, err))
        return false;
    int64_t wait = rows_is_null(rows, 0, 2) ? 0 : rows_integer(rows, 0, 2);
    if (wait > 0)
        return password_throttled(call, wait, err);
    if (rows_is_null(rows, 0, 0))
        return fail(err, ERR_WRONG_PASSWORD, "this link was used, has expired or never was");
    opening->person_id = rows_integer(rows, 0, 0);
    return true;
}

/* A browser that signs in anew leaves no older session behind. */
static void close_session(struct call *call)
{
    struct error err = {0};
    AUTO(rows) struct rows *rows = NULL;
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    AUTO(text) char *text = json_text(actor);
    if (!call->who.session_id)
        return;
    streams_close_session(call->api->streams, call->who.session_id);
    if (!sql_session_close(call->db, call->who.session_id, text, &rows, &err))
        log_error("session.close", &err); /* it ends by its age */
}

static void set_cookie(struct call *call, const char *token, int64_t seconds)
{
    char text[256];
    snprintf(text, sizeof text, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
             call->api->cookie_name, token, (long long)seconds, call->api->tls ? "; Secure" : "");
    reply_add_header(call->reply, "Set-Cookie", text);
}

static bool reply_me(struct call *call, int64_t person_id, const char *csrf, json_t *more,
                     struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_me(call->db, person_id, &rows, err))
        return false;
    if (rows_count(rows) == 0 || rows_is_null(rows, 0, 0))
        return fail(err, ERR_UNAUTHENTICATED, "sign in first");
    AUTO(json) json_t *me = json_loads(rows_text(rows, 0, 0), 0, NULL);
    json_object_set_new(me, "csrf_token", csrf[0] ? json_string(csrf) : json_null());
    if (more)
        json_object_update(me, more);
    reply_json(call->reply, 200, me);
    return true;
}

bool route_login(struct call *call, struct error *err)
{
    if (!json_check(call->body, "", login_fields, COUNT_OF(login_fields), err))
        return false;
    bool by_link = json_object_get(call->body, "link_token");
    if (!by_link && !json_object_get(call->body, "login"))
        return fail_field(err, ERR_MISSING_FIELD, "login", "login is missing");
    if (!by_link && !json_object_get(call->body, "password"))
        return fail_field(err, ERR_MISSING_FIELD, "password", "password is missing");
    if (by_link && json_object_size(call->body) > 1)
        return fail_field(err, ERR_INVALID_FIELD, "link_token", "a link needs nothing else");
    struct opening opening = {0};
    prepare(call, &opening);
    if (by_link ? !sign_in_by_link(call, &opening, err) : !sign_in_by_password(call, &opening, err))
        return false;
    close_session(call);
    call->exchange->person_id = opening.person_id;
    set_cookie(call, opening.token, call->api->settings.session_seconds);
    return reply_me(call, opening.person_id, opening.csrf, NULL, err);
}

bool route_logout(struct call *call, struct error *err)
{
    if (!json_check(call->body, "", NULL, 0, err))
        return false;
    close_session(call);
    set_cookie(call, "", 0);
    call->reply->status = 204;
    return true;
}

static json_t *settings_json(const struct settings *settings)
{
    AUTO(json)
    json_t *limits = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I}", "wall_ms", (json_int_t)settings->sandbox_wall_ms,
        "memory_bytes", (json_int_t)settings->sandbox_memory_bytes, "pids",
        (json_int_t)settings->sandbox_pids, "output_bytes",
        (json_int_t)settings->sandbox_output_bytes, "files", (json_int_t)settings->sandbox_files,
        "file_bytes", (json_int_t)settings->sandbox_file_bytes);
    return json_pack("{s:I, s:I, s:O, s:I, s:I, s:I, s:[s, s], s:s, s:o}", "undo_seconds",
                     (json_int_t)settings->undo_seconds, "reauth_seconds",
                     (json_int_t)settings->reauth_seconds, "limits", limits, "max_code_bytes",
                     (json_int_t)settings->max_code_bytes, "max_code_lines",
                     (json_int_t)settings->max_code_lines, "max_upload_bytes",
                     (json_int_t)settings->max_upload_bytes, "languages", "python", "sql",
                     "sandbox", sandbox_default(settings), "sandboxes", sandboxes_json(settings));
}

bool route_me(struct call *call, struct error *err)
{
    const char *expires = call->who.session_id ? call->who.expires_at : NULL;
    const char *shown = call->who.authenticated_at[0] ? call->who.authenticated_at : NULL;
    AUTO(json)
    json_t *more =
        json_pack("{s:o, s:{s:s?, s:s?}}", "settings", settings_json(&call->api->settings),
                  "session", "expires_at", expires, "authenticated_at", shown);
    return reply_me(call, call->who.person_id, call->who.csrf, more, err);
}
