#include "api/sign_in/oidc_internal.h"

#include <stdlib.h>
#include <string.h>

#include "api/sign_in/oidc_claims.h"
#include "common/base/clock.h"
#include "common/base/jws.h"

#define CALLS_AT_ONCE 4
#define URL_MAX 2000

/* http is for a provider on this machine alone. */
static bool is_local(const char *url)
{
    static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};
    for (size_t i = 0; i < COUNT_OF(hosts); i++)
        if (strncmp(url, hosts[i], strlen(hosts[i])) == 0 && strchr(":/", url[strlen(hosts[i])]))
            return true;
    return false;
}

static bool is_allowed(const char *url)
{
    return strlen(url) < URL_MAX / 4 && (strncmp(url, "https://", 8) == 0 || is_local(url));
}

static bool check_settings(const struct settings *settings, struct error *err)
{
    if (!is_allowed(settings->oidc_issuer))
        return fail(err, ERR_BAD_REQUEST, "OIDC_ISSUER must be an https address");
    if (!*settings->oidc_client_id)
        return fail(err, ERR_BAD_REQUEST, "OIDC_CLIENT_ID is empty, but there is an OIDC_ISSUER");
    if (!*settings->oidc_redirect_url && !*settings->public_url)
        return fail(err, ERR_BAD_REQUEST, "OIDC_ISSUER needs PUBLIC_URL or OIDC_REDIRECT_URL");
    return true;
}

/* PUBLIC_URL may end with a slash. */
static char *redirect_of(const struct settings *settings)
{
    if (*settings->oidc_redirect_url)
        return memory_text(settings->oidc_redirect_url);
    struct buffer url = {0};
    buffer_add_text(&url, settings->public_url);
    while (url.len > 0 && url.data[url.len - 1] == '/')
        url.len--;
    buffer_add_text(&url, "/sign-in");
    return url.data;
}

bool oidc_new(const struct settings *settings, struct oidc **ret_oidc, struct error *err)
{
    *ret_oidc = NULL;
    if (!*settings->oidc_issuer)
        return true;
    if (!check_settings(settings, err))
        return false;
    struct oidc *oidc = memory_new(1, sizeof *oidc);
    oidc->issuer = settings->oidc_issuer;
    oidc->client_id = settings->oidc_client_id;
    oidc->client_secret = settings->oidc_client_secret.value;
    oidc->redirect_url = redirect_of(settings);
    oidc->http = http_new(&(struct http_options){.ca_file = settings->ca_file,
                                                 .plain = is_local(settings->oidc_issuer)});
    sem_init(&oidc->calls, 0, CALLS_AT_ONCE);
    pthread_mutex_init(&oidc->lock, NULL);
    *ret_oidc = oidc;
    return true;
}

void oidc_free(struct oidc *oidc)
{
    if (!oidc)
        return;
    json_decref(oidc->document);
    json_decref(oidc->keys);
    http_free(oidc->http);
    free(oidc->redirect_url);
    sem_destroy(&oidc->calls);
    pthread_mutex_destroy(&oidc->lock);
    free(oidc);
}

const char *oidc_issuer(const struct oidc *oidc)
{
    return oidc->issuer;
}

/* All that a flow needs is derived from its secret, which nobody but the browser keeps. */
static void state_of(const char *flow, char ret_state[DERIVED_SIZE])
{
    token_derive("countersign-oidc-state-v1:", flow, ret_state);
}

static void nonce_of(const char *flow, char ret_nonce[DERIVED_SIZE])
{
    token_derive("countersign-oidc-nonce-v1:", flow, ret_nonce);
}

static void verifier_of(const char *flow, char ret_verifier[DERIVED_SIZE])
{
    token_derive("countersign-oidc-verifier-v1:", flow, ret_verifier);
}

static void add_escaped(struct buffer *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        bool plain = (*at >= '0' && *at <= '9') || ((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z') ||
                     strchr("-._~", *at);
        if (plain)
            buffer_add(out, at, 1);
        else
            buffer_printf(out, "%%%02X", (unsigned char)*at);
    }
}

static void add_field(struct buffer *out, const char *before, const char *name, const char *value)
{
    buffer_printf(out, "%s%s=", before, name);
    add_escaped(out, value);
}

bool oidc_begin(struct oidc *oidc, const char *flow, bool fresh, char **ret_url, struct error *err)
{
    AUTO(json) json_t *document = NULL;
    AUTO(json) json_t *keys = NULL;
    if (!oidc_provider(oidc, false, &document, &keys, err))
        return false;
    char state[DERIVED_SIZE], nonce[DERIVED_SIZE], verifier[DERIVED_SIZE], challenge[DERIVED_SIZE];
    state_of(flow, state);
    nonce_of(flow, nonce);
    verifier_of(flow, verifier);
    token_derive("", verifier, challenge);
    struct buffer url = {0};
    const char *endpoint = json_text_of(document, "authorization_endpoint");
    buffer_add_text(&url, endpoint);
    add_field(&url, strchr(endpoint, '?') ? "&" : "?", "response_type", "code");
    add_field(&url, "&", "client_id", oidc->client_id);
    add_field(&url, "&", "redirect_uri", oidc->redirect_url);
    add_field(&url, "&", "scope", "openid email profile");
    add_field(&url, "&", "state", state);
    add_field(&url, "&", "nonce", nonce);
    add_field(&url, "&", "code_challenge", challenge);
    add_field(&url, "&", "code_challenge_method", "S256");
    if (fresh)
        buffer_add_text(&url, "&prompt=login&max_age=0");
    *ret_url = url.data;
    return true;
}

bool oidc_check_return(struct oidc *oidc, const struct oidc_return *back, struct error *err)
{
    char state[DERIVED_SIZE];
    state_of(back->flow, state);
    if (strlen(back->state) != sizeof state - 1 ||
        !crypto_equal(back->state, state, sizeof state - 1))
        return fail_field(err, ERR_NOT_ACCEPTABLE, "state", "this sign-in was not begun here");
    if (back->issuer && strcmp(back->issuer, oidc->issuer) != 0)
        return fail_field(err, ERR_NOT_ACCEPTABLE, "iss", "another provider sent this");
    return true;
}

/* Whether discovery lists the word, or lists nothing and it is what the standard says then. */
static bool lists(const json_t *document, const char *name, const char *word, bool otherwise)
{
    size_t n;
    const json_t *one, *list = json_object_get(document, name);
    json_array_foreach (list, n, one)
        if (json_is_string(one) && strcmp(json_string_value(one), word) == 0)
            return true;
    return list ? false : otherwise;
}

/* RFC 6749, 2.3.1: both are escaped before they are joined. */
static char *basic_of(const struct oidc *oidc)
{
    AUTO(buffer) struct buffer pair = {0};
    add_escaped(&pair, oidc->client_id);
    buffer_add_text(&pair, ":");
    add_escaped(&pair, oidc->client_secret);
    AUTO(text) char *encoded = base64_text(buffer_bytes(&pair));
    struct buffer header = {0};
    buffer_printf(&header, "Basic %s", encoded);
    return header.data;
}

/* The token endpoint's answer: new reference. */
static bool redeem(struct oidc *oidc, const struct oidc_return *back, const json_t *document,
                   json_t **ret_answer, struct error *err)
{
    char verifier[DERIVED_SIZE];
    verifier_of(back->flow, verifier);
    bool secret = *oidc->client_secret;
    bool basic = secret && lists(document, "token_endpoint_auth_methods_supported",
                                 "client_secret_basic", true);
    AUTO(text) char *authorization = basic ? basic_of(oidc) : NULL;
    AUTO(buffer) struct buffer form = {0};
    add_field(&form, "", "grant_type", "authorization_code");
    add_field(&form, "&", "code", back->code);
    add_field(&form, "&", "redirect_uri", oidc->redirect_url);
    add_field(&form, "&", "code_verifier", verifier);
    add_field(&form, "&", "client_id", oidc->client_id);
    if (secret && !basic)
        add_field(&form, "&", "client_secret", oidc->client_secret);
    const struct http_request request = {
        .method = "POST",
        .url = json_text_of(document, "token_endpoint"),
        .headers = {{"Authorization", authorization}, {"Accept", "application/json"}},
        .body = buffer_bytes(&form),
        .content_type = "application/x-www-form-urlencoded",
    };
    return oidc_call(oidc, &request, ret_answer, err);
}

/* A key that is not known yet may have been added since: they are fetched once more. */
static bool verify(struct oidc *oidc, const char *token, json_t **ret_claims, struct error *err)
{
    for (int turn = 0; turn < 2; turn++) {
        AUTO(json) json_t *document = NULL;
        AUTO(json) json_t *keys = NULL;
        if (!oidc_provider(oidc, turn > 0, &document, &keys, err))
            return false;
        if (jws_verify(token, keys, ret_claims, err))
            return true;
        if (err->code != ERR_NOT_FOUND)
            return false;
    }
    err->code = ERR_NOT_ACCEPTABLE;
    return false;
}

static bool finish(struct oidc *oidc, const struct oidc_return *back, int64_t signed_in,
                   json_t **ret_claims, struct error *err)
{
    char nonce[DERIVED_SIZE];
    AUTO(json) json_t *document = NULL;
    AUTO(json) json_t *keys = NULL;
    AUTO(json) json_t *answer = NULL;
    AUTO(json) json_t *claims = NULL;
    nonce_of(back->flow, nonce);
    const struct oidc_expected expected = {
        oidc->issuer, oidc->client_id, nonce, clock_wall_ms() / 1000, signed_in,
    };
    if (!oidc_provider(oidc, false, &document, &keys, err))
        return false;
    if (!back->issuer && json_flag(document, "authorization_response_iss_parameter_supported"))
        return fail_field(err, ERR_NOT_ACCEPTABLE, "iss", "the provider's name is missing");
    if (!redeem(oidc, back, document, &answer, err))
        return false;
    const char *token = json_text_of(answer, "id_token");
    if (!token)
        return fail(err, ERR_NOT_ACCEPTABLE, "the sign-in provider gave no ID token");
    if (!verify(oidc, token, &claims, err) || !oidc_claims_check(claims, &expected, err))
        return false;
    *ret_claims = TAKE(claims);
    return true;
}

bool oidc_finish(struct oidc *oidc, const struct oidc_return *back, int64_t signed_in,
                 json_t **ret_claims, struct error *err)
{
    if (sem_trywait(&oidc->calls) != 0)
        return fail(err, ERR_BUSY, "too many sign in at once; try again");
    bool fine = finish(oidc, back, signed_in, ret_claims, err);
    sem_post(&oidc->calls);
    return fine;
}
