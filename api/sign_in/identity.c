#include "api/sign_in/identity.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/http/cookie.h"
#include "api/sign_in/factor.h"
#include "api/sign_in/known_tokens.h"
#include "api/sign_in/proxy.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "statements.h"

static const struct {
    const char *name;
    enum role role;
} role_names[] = {
    {"analyst", ROLE_ANALYST},
    {"reviewer", ROLE_REVIEWER},
    {"admin", ROLE_ADMIN},
    {"agent", ROLE_AGENT},
};

static const struct {
    const char *name;
    enum scope scope;
} scope_names[] = {
    {"read", SCOPE_READ},
    {"submit", SCOPE_SUBMIT},
    {"decide", SCOPE_DECIDE},
    {"admin", SCOPE_ADMIN},
};

const char *identity_scope_name(enum scope scope)
{
    for (size_t i = 0; i < COUNT_OF(scope_names); i++)
        if (scope_names[i].scope == scope)
            return scope_names[i].name;
    return "none";
}

json_t *identity_role_list(unsigned roles)
{
    json_t *list = json_array();
    for (size_t i = 0; i < COUNT_OF(role_names); i++)
        if (roles & role_names[i].role)
            json_array_append_new(list, json_string(role_names[i].name));
    return list;
}

/* The bit of each word in a list with commas between. */
static unsigned read_roles(const char *list)
{
    unsigned roles = 0;
    for (; *list; list += strspn(list, ",")) {
        size_t len = strcspn(list, ",");
        for (size_t i = 0; i < COUNT_OF(role_names); i++)
            if (strlen(role_names[i].name) == len && memcmp(list, role_names[i].name, len) == 0)
                roles |= role_names[i].role;
        list += len;
    }
    return roles;
}

static unsigned read_scopes(const char *list)
{
    unsigned scopes = 0;
    for (; *list; list += strspn(list, ",")) {
        size_t len = strcspn(list, ",");
        for (size_t i = 0; i < COUNT_OF(scope_names); i++)
            if (strlen(scope_names[i].name) == len && memcmp(list, scope_names[i].name, len) == 0)
                scopes |= scope_names[i].scope;
        list += len;
    }
    return scopes;
}

/* The columns that sessions and tokens share, from person_id on. */
static void read_person(const struct rows *rows, struct identity *identity)
{
    identity->person_id = rows_integer(rows, 0, 1);
    snprintf(identity->login, sizeof identity->login, "%s", rows_text(rows, 0, 2));
    identity->human = strcmp(rows_text(rows, 0, 4), "human") == 0;
    identity->owner_id = rows_is_null(rows, 0, 5) ? 0 : rows_integer(rows, 0, 5);
    identity->roles = read_roles(rows_text(rows, 0, 6));
    snprintf(identity->role_list, sizeof identity->role_list, "%s", rows_text(rows, 0, 6));
    snprintf(identity->teams, sizeof identity->teams, ",%s,", rows_text(rows, 0, 7));
}

static struct bytes digest_of(const char *token, uint8_t digest[SHA256_SIZE])
{
    sha256(bytes_of(token), digest);
    return (struct bytes){digest, SHA256_SIZE};
}

void identity_csrf(const char *session_token, char ret_csrf[CSRF_SIZE])
{
    struct sha256 sha;
    uint8_t digest[SHA256_SIZE];
    sha256_start(&sha);
    sha256_add(&sha, bytes_of("countersign-csrf-v1:"));
    sha256_add(&sha, bytes_of(session_token));
    sha256_end(&sha, digest);
    hex_encode(digest, sizeof digest, ret_csrf);
}

bool identity_cookie(const struct api *api, const struct exchange *exchange,
                     char ret_token[SESSION_TOKEN_MAX], struct error *err)
{
    if (framing_header_count(&exchange->head, "Cookie") > 1)
        return fail(err, ERR_BAD_REQUEST, "more than one Cookie header");
    return cookie_read(exchange_header(exchange, "Cookie"), api->cookie_name, ret_token,
                       SESSION_TOKEN_MAX, err);
}

/* The text behind "Bearer ", or NULL when there is no Authorization. */
static bool bearer_read(const struct exchange *exchange, const char **ret_token, struct error *err)
{
    *ret_token = NULL;
    const char *header = exchange_header(exchange, "Authorization");
    if (!header)
        return true;
    if (framing_header_count(&exchange->head, "Authorization") > 1)
        return fail(err, ERR_BAD_REQUEST, "more than one Authorization header");
    if (strncasecmp(header, "Bearer ", 7) != 0)
        return fail(err, ERR_UNAUTHENTICATED, "only Bearer tokens are known here");
    const char *token = header + 7;
    size_t len = strlen(token);
    if (len == 0 || len >= SESSION_TOKEN_MAX || strcspn(token, " \t,") != len)
        return fail(err, ERR_UNAUTHENTICATED, "the token is malformed");
    *ret_token = token;
    return true;
}

/* Whether the route's function asks the database who calls, once more, with the change it makes. */
static bool asks_again(const struct route *route)
{
    return route->body == BODY_JSON &&
           (route->scope == SCOPE_SUBMIT || route->scope == SCOPE_DECIDE);
}

static bool find_by_token(struct api *api, struct db *db, const struct exchange *exchange,
                          const char *token, struct identity *identity, struct error *err)
{
    uint8_t buffer[SHA256_SIZE];
    const struct bytes digest = digest_of(token, buffer);
    AUTO(rows) struct rows *rows = NULL;
    int64_t now_ms = clock_monotonic_ms();
    if (asks_again(exchange->route) &&
        known_tokens_find(api->known_tokens, digest.data, now_ms, identity))
        return true;
    if (!sql_token_check(db, digest, &rows, err))
        return false;
    if (rows_count(rows) == 0)
        return fail(err, ERR_UNAUTHENTICATED, "this token is not valid, or not any more");
    identity->token_id = rows_integer(rows, 0, 0);
    read_person(rows, identity);
    identity->scopes = read_scopes(rows_text(rows, 0, 8));
    identity->has_factor = rows_integer(rows, 0, 9) != 0;
    identity->shows_factor = rows_integer(rows, 0, 10) != 0;
    known_tokens_put(api->known_tokens, digest.data, now_ms, identity);
    return true;
}

static bool find_by_cookie(struct api *api, struct db *db, const char *token,
                           struct identity *identity, struct error *err)
{
    uint8_t digest[SHA256_SIZE];
    AUTO(rows) struct rows *rows = NULL;
    int64_t idle = api->settings.session_idle_seconds;
    if (!sql_session_check(db, digest_of(token, digest), idle, &rows, err))
        return false;
    if (rows_count(rows) == 0)
        return true;
    identity->session_id = rows_integer(rows, 0, 0);
    read_person(rows, identity);
    identity->scopes = ~0u;
    snprintf(identity->expires_at, sizeof identity->expires_at, "%s", rows_text(rows, 0, 9));
    if (!rows_is_null(rows, 0, 11))
        snprintf(identity->authenticated_at, sizeof identity->authenticated_at, "%s",
                 rows_text(rows, 0, 11));
    identity->has_factor = rows_integer(rows, 0, 12) != 0;
    identity->shows_factor = rows_integer(rows, 0, 13) != 0;
    identity_csrf(token, identity->csrf);
    return true;
}

/* When the proxy's user is another one by now, the session of the last one is over for them. */
static bool check_proxy(const struct api *api, const struct exchange *exchange,
                        const struct identity *identity, struct error *err)
{
    const char *login;
    if (!proxy_login(api->proxy, exchange, &login, err))
        return false;
    if (login && identity->session_id && strcasecmp(login, identity->login) != 0 &&
        exchange->route->access != ACCESS_ANYONE)
        return fail(err, ERR_UNAUTHENTICATED, "the proxy names somebody else than the session");
    return true;
}

bool identity_find(struct api *api, struct db *db, const struct exchange *exchange,
                   struct identity *ret_identity, struct error *err)
{
    char cookie[SESSION_TOKEN_MAX];
    const char *bearer;
    *ret_identity = (struct identity){0};
    if (!identity_cookie(api, exchange, cookie, err) || !bearer_read(exchange, &bearer, err))
        return false;
    if (cookie[0] && bearer)
        return fail(err, ERR_BAD_REQUEST, "a session and a token in one request");
    if (bearer ? !find_by_token(api, db, exchange, bearer, ret_identity, err)
               : cookie[0] && !find_by_cookie(api, db, cookie, ret_identity, err))
        return false;
    return check_proxy(api, exchange, ret_identity, err);
}

static bool origin_is_ours(const struct api *api, const struct exchange *exchange,
                           const char *origin)
{
    if (api->origin[0] && strcasecmp(origin, api->origin) == 0)
        return true;
    const char *host = exchange_header(exchange, "Host");
    return !api->tls && host && strncasecmp(origin, "http://", 7) == 0 &&
           strcasecmp(origin + 7, host) == 0;
}

bool identity_check_origin(const struct api *api, const struct exchange *exchange,
                           struct error *err)
{
    const char *origin = exchange_header(exchange, "Origin");
    const char *site = exchange_header(exchange, "Sec-Fetch-Site");
    if (framing_header_count(&exchange->head, "Origin") > 1 ||
        framing_header_count(&exchange->head, "Sec-Fetch-Site") > 1)
        return fail(err, ERR_BAD_REQUEST, "more than one Origin");
    if (origin && !origin_is_ours(api, exchange, origin))
        return fail(err, ERR_BAD_ORIGIN, "this came from another site");
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return fail(err, ERR_BAD_ORIGIN, "this came from another site");
    return true;
}

static bool check_csrf(const struct exchange *exchange, const struct identity *identity,
                       struct error *err)
{
    const char *sent = exchange_header(exchange, "X-CSRF-Token");
    if (!sent || strlen(sent) != CSRF_SIZE - 1 ||
        !crypto_equal(sent, identity->csrf, CSRF_SIZE - 1))
        return fail(err, ERR_CSRF, "the X-CSRF-Token header is missing or wrong");
    return true;
}

static bool check_token(const struct route *route, const struct identity *identity,
                        struct error *err)
{
    if (route->access == ACCESS_SESSION || route->access == ACCESS_EARLY_SESSION ||
        route->scope == SCOPE_NONE)
        return fail(err, ERR_FORBIDDEN, "this needs a signed-in person, not a token");
    if (!(identity->scopes & route->scope))
        return fail(err, ERR_FORBIDDEN, "this token has no scope \"%s\"",
                    identity_scope_name(route->scope));
    if ((route->scope & (SCOPE_DECIDE | SCOPE_ADMIN)) && !identity->human)
        return fail(err, ERR_WRONG_ROLE, "an agent never decides");
    return true;
}

/* Of a token's routes only those that decide or administer are barred. */
static bool lacks_factor(const struct api *api, const struct route *route,
                         const struct identity *identity)
{
    if (route->access == ACCESS_EARLY || route->access == ACCESS_EARLY_SESSION)
        return false;
    bool counts = identity->session_id || (route->scope & (SCOPE_DECIDE | SCOPE_ADMIN));
    return counts && factors_missing(api->factors, identity);
}

bool identity_check(const struct api *api, const struct exchange *exchange,
                    const struct identity *identity, struct error *err)
{
    const struct route *route = exchange->route;
    bool changes = route->method != METHOD_GET;
    if (route->access == ACCESS_ANYONE)
        return !changes || identity_check_origin(api, exchange, err);
    if (!identity->person_id)
        return fail(err, ERR_UNAUTHENTICATED, "sign in first");
    if (identity->token_id && !check_token(route, identity, err))
        return false;
    if (changes && identity->session_id &&
        (!identity_check_origin(api, exchange, err) || !check_csrf(exchange, identity, err)))
        return false;
    if (lacks_factor(api, route, identity))
        return fail(err, ERR_FACTOR_MISSING, "set up a second factor first");
    if (route->roles && !(route->roles & identity->roles))
        return fail(err, ERR_WRONG_ROLE, "your role does not allow this");
    return true;
}

json_t *identity_actor(const struct identity *identity, const struct exchange *exchange)
{
    json_t *actor = json_object();
    json_object_set_new(actor, "person_id", json_integer(identity->person_id));
    json_object_set_new(actor, "session_id",
                        identity->session_id ? json_integer(identity->session_id) : json_null());
    json_object_set_new(actor, "token_id",
                        identity->token_id ? json_integer(identity->token_id) : json_null());
    json_object_set_new(actor, "address", json_string(exchange->address));
    return actor;
}

bool identity_lists_team(const char *teams, int64_t team_id)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, ",%lld,", (long long)team_id);
    return strstr(teams, wanted) != NULL;
}
