#include "api/sign_in/oidc_internal.h"

#include <string.h>

#include "common/base/clock.h"

#define CALL_MS 5000
#define ANSWER_MAX 262144
#define DOCUMENT_MS 3600000
#define KEYS_MS 3600000
#define KEYS_AGAIN_MS 10000
#define FAILED_MS 2000
#define WELL_KNOWN "/.well-known/openid-configuration"

bool oidc_call(struct oidc *oidc, const struct http_request *request, json_t **ret_answer,
               struct error *err)
{
    AUTO(http_answer) struct http_answer answer = {0};
    struct http_request bounded = *request;
    bounded.deadline_ms = clock_monotonic_ms() + CALL_MS;
    bounded.body_max = ANSWER_MAX;
    if (!http_call(oidc->http, &bounded, &answer))
        return fail(err, ERR_UNAVAILABLE, "the sign-in provider: %s", answer.text);
    if (answer.status >= 400 && answer.status < 500)
        return fail(err, ERR_NOT_ACCEPTABLE, "the sign-in provider refused this, with %d",
                    answer.status);
    struct error why = {0};
    if (answer.status != 200 || !json_read_object(buffer_bytes(&answer.body), ret_answer, &why))
        return fail(err, ERR_UNAVAILABLE, "the sign-in provider answers %d, or no JSON",
                    answer.status);
    return true;
}

/* A client that speaks https to the provider is never sent elsewhere in plain text. */
static bool is_endpoint(const struct oidc *oidc, const json_t *document, const char *name)
{
    const char *url = json_text_of(document, name);
    const char *scheme = strncmp(oidc->issuer, "http://", 7) == 0 ? "http" : "https://";
    return url && strncmp(url, scheme, strlen(scheme)) == 0;
}

/* The issuer must be exactly ours: who answers for another is none of our business. */
static bool check_document(const struct oidc *oidc, const json_t *document, struct error *err)
{
    static const char *const needed[] = {"authorization_endpoint", "token_endpoint", "jwks_uri"};
    const char *issuer = json_text_of(document, "issuer");
    if (!issuer || strcmp(issuer, oidc->issuer) != 0)
        return fail(err, ERR_UNAVAILABLE, "the sign-in provider says that it is another one");
    for (size_t i = 0; i < COUNT_OF(needed); i++)
        if (!is_endpoint(oidc, document, needed[i]))
            return fail(err, ERR_UNAVAILABLE, "the sign-in provider names no good %s", needed[i]);
    return true;
}

static bool fetch_document(struct oidc *oidc, struct error *err)
{
    char url[1024];
    size_t len = strlen(oidc->issuer);
    while (len > 0 && oidc->issuer[len - 1] == '/')
        len--;
    snprintf(url, sizeof url, "%.*s" WELL_KNOWN, (int)len, oidc->issuer);
    AUTO(json) json_t *document = NULL;
    const struct http_request request = {.method = "GET", .url = url};
    if (!oidc_call(oidc, &request, &document, err) || !check_document(oidc, document, err))
        return false;
    json_decref(oidc->document);
    oidc->document = TAKE(document);
    oidc->document_until_ms = clock_monotonic_ms() + DOCUMENT_MS;
    return true;
}

static bool fetch_keys(struct oidc *oidc, struct error *err)
{
    AUTO(json) json_t *keys = NULL;
    const struct http_request request = {.method = "GET",
                                         .url = json_text_of(oidc->document, "jwks_uri")};
    if (!oidc_call(oidc, &request, &keys, err))
        return false;
    json_decref(oidc->keys);
    oidc->keys = TAKE(keys);
    oidc->keys_until_ms = clock_monotonic_ms() + KEYS_MS;
    return true;
}

static bool refresh(struct oidc *oidc, bool fresh_keys, struct error *err)
{
    int64_t now = clock_monotonic_ms();
    if ((!oidc->document || now > oidc->document_until_ms) && !fetch_document(oidc, err))
        return false;
    bool stale = !oidc->keys || now > oidc->keys_until_ms;
    bool again = fresh_keys && now > oidc->keys_again_ms;
    if (again)
        oidc->keys_again_ms = now + KEYS_AGAIN_MS;
    return (!stale && !again) || fetch_keys(oidc, err);
}

/* One asks and the others come again, so that a provider that hangs takes one thread, not all. */
bool oidc_provider(struct oidc *oidc, bool fresh_keys, json_t **ret_document, json_t **ret_keys,
                   struct error *err)
{
    if (pthread_mutex_trylock(&oidc->lock) != 0)
        return fail(err, ERR_BUSY, "the sign-in provider is being asked; try again");
    bool fine = clock_monotonic_ms() >= oidc->failed_until_ms
                    ? refresh(oidc, fresh_keys, err)
                    : fail(err, ERR_UNAVAILABLE, "the sign-in provider is away");
    if (fine) {
        *ret_document = json_deep_copy(oidc->document);
        *ret_keys = json_deep_copy(oidc->keys);
    } else if (clock_monotonic_ms() >= oidc->failed_until_ms) {
        oidc->failed_until_ms = clock_monotonic_ms() + FAILED_MS;
        err->code = ERR_UNAVAILABLE; /* what it refuses here is nobody's fault but its own */
    }
    pthread_mutex_unlock(&oidc->lock);
    return fine;
}
