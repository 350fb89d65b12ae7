#include "api/routes/oidc.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/http/cookie.h"
#include "api/sign_in/oidc.h"
#include "api/sign_in/opening.h"
#include "api/routes/password.h"
#include "common/domain/code.h"
#include "common/domain/names.h"
#include "statements.h"

#define CODE_MAX 4096
#define STATE_MAX 200
#define ISSUER_MAX 500
#define SUBJECT_MAX 255

static bool check_provider(const struct call *call, struct error *err)
{
    return call->api->oidc || fail(err, ERR_FORBIDDEN, "no OpenID provider signs people in here");
}

static struct bytes digest_of(const char *flow, uint8_t digest[SHA256_SIZE])
{
    sha256(bytes_of(flow), digest);
    return (struct bytes){digest, SHA256_SIZE};
}

bool route_oidc_start(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"reauthenticate", JSON_KIND_BOOLEAN, false, 0, 0},
    };
    char flow[TOKEN_SIZE];
    uint8_t digest[SHA256_SIZE];
    AUTO(text) char *url = NULL;
    AUTO(rows) struct rows *rows = NULL;
    if (!json_check(call->body, "", fields, COUNT_OF(fields), err) || !check_provider(call, err))
        return false;
    bool fresh = json_flag(call->body, "reauthenticate");
    if (fresh && !call->who.session_id)
        return fail(err, ERR_UNAUTHENTICATED, "sign in first");
    token_new("cso_", flow);
    if (!sql_oidc_begin(call->db, digest_of(flow, digest), fresh ? call->who.session_id : 0,
                        call->exchange->address, OIDC_FLOW_SECONDS, &rows, err))
        return false;
    if (rows_integer(rows, 0, 0) > 0)
        return password_throttled(call, rows_integer(rows, 0, 0), err);
    if (!oidc_begin(call->api->oidc, flow, fresh, &url, err))
        return false;
    opening_set_cookie(call, call->api->flow_cookie, flow, OIDC_FLOW_SECONDS);
    AUTO(json) json_t *answer = json_pack("{s:s}", "url", url);
    reply_json(call->reply, 200, answer);
    return true;
}

/* The flow that the cookie names, used up: when it began, and the session to confirm or 0. */
static bool take_flow(struct call *call, const struct oidc_return *back, int64_t *ret_begun,
                      int64_t *ret_session_id, struct error *err)
{
    uint8_t digest[SHA256_SIZE];
    AUTO(rows) struct rows *rows = NULL;
    if (!oidc_check_return(call->api->oidc, back, err) ||
        !sql_oidc_take(call->db, digest_of(back->flow, digest), &rows, err))
        return false;
    if (rows_count(rows) == 0 || rows_is_null(rows, 0, 0))
        return fail_field(err, ERR_NOT_ACCEPTABLE, "state", "this sign-in was used or took long");
    *ret_begun = rows_integer(rows, 0, 0);
    *ret_session_id = rows_is_null(rows, 0, 1) ? 0 : rows_integer(rows, 0, 1);
    if (*ret_session_id && *ret_session_id != call->who.session_id)
        return fail_field(err, ERR_NOT_ACCEPTABLE, "state", "another session began this");
    return true;
}

static bool confirm(struct call *call, const char *claims, struct error *err)
{
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    AUTO(text) char *text = json_text(actor);
    struct opening opening;
    opening_prepare(call, &opening);
    AUTO(text) char *session = opening_text(call, &opening);
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_oidc_confirm(call->db, text, claims, session, &rows, err))
        return false;
    opening_renew(call, &opening, rows_text(rows, 0, 0));
    return true;
}

static bool enter(struct call *call, const char *claims, struct error *err)
{
    struct opening opening;
    AUTO(rows) struct rows *rows = NULL;
    opening_prepare(call, &opening);
    const struct settings *settings = &call->api->settings;
    AUTO(json)
    json_t *options = json_pack("{s:b, s:b}", "by_email", (int)settings->oidc_link_by_email,
                                "creates", (int)settings->sign_in_creates);
    AUTO(text) char *options_text = json_text(options);
    AUTO(text) char *session = opening_text(call, &opening);
    if (!sql_oidc_sign_in(call->db, claims, session, options_text, &rows, err))
        return false;
    if (rows_is_null(rows, 0, 0))
        return fail(err, ERR_WRONG_PASSWORD, "nobody here is whom the provider names");
    opening.person_id = rows_integer(rows, 0, 0);
    return opening_enter(call, &opening, err);
}

/* What the provider or the browser sent is refused: written down, and told as a failed sign-in. */
static bool refuse(struct call *call, struct error *err)
{
    char reason[100];
    struct error ignored = {0};
    AUTO(rows) struct rows *rows = NULL;
    if (err->code != ERR_NOT_ACCEPTABLE)
        return false;
    snprintf(reason, sizeof reason, "oidc %s", err->field[0] ? err->field : "token");
    if (!sql_login_failure(call->db, "", call->exchange->address, reason, &rows, &ignored)) {
        *err = ignored;
        return false;
    }
    err->code = ERR_WRONG_PASSWORD;
    return false;
}

/* Nobody of ours has read it: more is refused than in what an admin wrote. */
static bool is_plain(const char *name)
{
    struct error ignored = {0};
    const unsigned char *at = (const unsigned char *)name, *end = at + strlen(name);
    bool plain = name_check(name, &ignored);
    while (at < end)
        plain = !code_refuses(utf8_next(&at, end)) && plain;
    return plain;
}

/* People may call themselves what they like there. Here reviewers read it, so that a name which
 * hides letters, moves them, is that of somebody else or looks like it is none: they are called by
 * their address, and are nobody new where that looks like a name, too. */
static bool settle_name(struct call *call, json_t *claims, struct error *err)
{
    const char *name = json_text_of(claims, "name");
    AUTO(text) char *text = json_text(claims);
    AUTO(rows) struct rows *rows = NULL;
    if (!call->api->settings.sign_in_creates)
        return true;
    if (!sql_names_beside(call->db, text, &rows, err))
        return false;
    AUTO(json) json_t *others = json_loads(rows_text(rows, 0, 0), 0, NULL);
    if (name && is_plain(name) && !name_is_taken(name, others))
        return true;
    json_object_del(claims, "name");
    const char *email = json_text_of(claims, "email");
    if (email && name_is_taken(email, others))
        return fail_field(
            err, ERR_NOT_ACCEPTABLE, "name",
            "your address looks like the name of somebody else: an admin lets you in");
    return true;
}

static bool finish(struct call *call, const struct oidc_return *back, struct error *err)
{
    int64_t begun = 0, session_id = 0;
    AUTO(json) json_t *claims = NULL;
    if (!take_flow(call, back, &begun, &session_id, err) ||
        !oidc_finish(call->api->oidc, back, session_id ? begun : 0, &claims, err))
        return false;
    if (!session_id && !settle_name(call, claims, err))
        return false;
    AUTO(text) char *text = json_text(claims);
    return session_id ? confirm(call, text, err) : enter(call, text, err);
}

bool route_oidc_finish(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"code", JSON_KIND_TEXT, true, 1, CODE_MAX},
        {"state", JSON_KIND_TEXT, true, 1, STATE_MAX},
        {"iss", JSON_KIND_TEXT, false, 1, ISSUER_MAX},
    };
    char flow[TOKEN_SIZE];
    if (!json_check(call->body, "", fields, COUNT_OF(fields), err) || !check_provider(call, err) ||
        !cookie_read(exchange_header(call->exchange, "Cookie"), call->api->flow_cookie, flow,
                     sizeof flow, err))
        return false;
    const struct oidc_return back = {
        flow,
        json_text_of(call->body, "code"),
        json_text_of(call->body, "state"),
        json_text_of(call->body, "iss"),
    };
    opening_set_cookie(call, call->api->flow_cookie, "", 0);
    return finish(call, &back, err) || refuse(call, err);
}

bool route_identity_link(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"subject", JSON_KIND_TEXT, true, 1, SUBJECT_MAX},
    };
    AUTO(json) json_t *actor = identity_actor(&call->who, call->exchange);
    AUTO(text) char *text = json_text(actor);
    AUTO(rows) struct rows *rows = NULL;
    if (!json_check(call->body, "", fields, COUNT_OF(fields), err) || !check_provider(call, err) ||
        !password_fresh(call, "say who signs in as whom", err) ||
        !sql_identity_link(call->db, text, call->exchange->ids[0], oidc_issuer(call->api->oidc),
                           json_text_of(call->body, "subject"), &rows, err))
        return false;
    call->reply->status = 204;
    return true;
}
