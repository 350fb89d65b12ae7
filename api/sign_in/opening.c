#include "api/sign_in/opening.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/live/streams.h"
#include "common/base/log.h"
#include "statements.h"

void opening_prepare(const struct call *call, struct opening *ret_opening)
{
    *ret_opening = (struct opening){0};
    const char *agent = exchange_header(call->exchange, "User-Agent");
    size_t len = agent ? strnlen(agent, AGENT_MAX) : 0;
    while (len > 0 && !utf8_is_valid((struct bytes){agent, len}))
        len--;
    memcpy(ret_opening->agent, agent ? agent : "", len);
    token_new("css_", ret_opening->token);
    identity_csrf(ret_opening->token, ret_opening->csrf);
    sha256(bytes_of(ret_opening->token), ret_opening->token_sha256);
    sha256(bytes_of(ret_opening->csrf), ret_opening->csrf_sha256);
}

char *opening_text(const struct call *call, const struct opening *opening)
{
    char token[SHA256_HEX], csrf[SHA256_HEX];
    hex_encode(opening->token_sha256, SHA256_SIZE, token);
    hex_encode(opening->csrf_sha256, SHA256_SIZE, csrf);
    AUTO(json)
    json_t *session = json_pack("{s:s, s:s, s:s, s:s, s:I}", "address", call->exchange->address,
                                "agent", opening->agent, "token_sha256", token, "csrf_sha256", csrf,
                                "seconds", (json_int_t)call->api->settings.session_seconds);
    return json_text(session);
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

void opening_set_cookie(struct call *call, const char *name, const char *value, int64_t seconds)
{
    char text[256];
    snprintf(text, sizeof text, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", name,
             value, (long long)seconds, call->api->tls ? "; Secure" : "");
    reply_add_header(call->reply, "Set-Cookie", text);
}

bool opening_reply_me(struct call *call, int64_t person_id, const char *csrf, json_t *more,
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

bool opening_enter(struct call *call, const struct opening *opening, struct error *err)
{
    close_session(call);
    call->exchange->person_id = opening->person_id;
    if (!opening_reply_me(call, opening->person_id, opening->csrf, NULL, err))
        return false;
    opening_set_cookie(call, call->api->cookie_name, opening->token,
                       call->api->settings.session_seconds);
    return true;
}

void opening_renew(struct call *call, const struct opening *opening, const char *at)
{
    streams_close_session(call->api->streams, call->who.session_id);
    opening_set_cookie(call, call->api->cookie_name, opening->token,
                       call->api->settings.session_seconds);
    AUTO(json)
    json_t *answer = json_pack("{s:s, s:s}", "authenticated_at", at, "csrf_token", opening->csrf);
    reply_json(call->reply, 200, answer);
}

void opening_leave(struct call *call)
{
    close_session(call);
    opening_set_cookie(call, call->api->cookie_name, "", 0);
}
