#include "api/http/reply.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/http/stream.h"
#include "api/http/uri.h"

#define POLICY_PAGE                                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "                    \
    "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "                 \
    "frame-ancestors 'none'"
#define POLICY_FOREIGN                                                                             \
    "sandbox; default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

static const char *const caching[] = {
    [REPLY_DATA] = "no-store",
    [REPLY_PAGE] = "no-cache",
    [REPLY_ASSET] = "public, max-age=31536000, immutable",
    [REPLY_FOREIGN] = "no-store",
};

/* Seconds after which a client that was refused for lack of something may come again. */
static const struct {
    enum error_code code;
    const char *seconds;
} retry_after[] = {
    {ERR_UNAVAILABLE, "1"},   {ERR_BUSY, "1"},     {ERR_LOST, "1"},
    {ERR_IN_FLIGHT, "1"},     {ERR_TIMEOUT, "1"},  {ERR_THROTTLED, "30"},
    {ERR_BREAKER_OPEN, "30"}, {ERR_NO_ROOM, "60"}, {ERR_BUDGET, "3600"},
};

/* What went wrong inside is for the log, not for whoever asked. */
static const struct {
    enum error_code code;
    const char *text;
} inner_texts[] = {
    {ERR_INTERNAL, "something went wrong on our side"},
    {ERR_UNAVAILABLE, "not available at the moment; try again shortly"},
    {ERR_BUSY, "others hold what this needs; nothing was changed; try again shortly"},
    {ERR_LOST, "whether this happened is not known; ask again with the same Idempotency-Key"},
    {ERR_TIMEOUT, "this took too long; try again"},
};

void reply_clear(struct reply *reply)
{
    buffer_auto(&reply->body);
    stream_free(reply->stream);
    for (size_t i = 0; i < reply->header_count; i++)
        free(reply->headers[i].value);
    *reply = (struct reply){0};
}

void reply_add_header(struct reply *reply, const char *name, const char *value)
{
    size_t i = 0;
    while (i < reply->header_count && strcmp(reply->headers[i].name, name) != 0)
        i++;
    assert(i < REPLY_HEADERS_MAX);
    free(reply->headers[i].value);
    reply->headers[i] = (struct reply_header){name, memory_text(value)};
    reply->header_count += i == reply->header_count;
}

void reply_json_text(struct reply *reply, int status, const char *json)
{
    reply->status = status;
    reply->type = "application/json";
    buffer_clear(&reply->body);
    buffer_add_text(&reply->body, json);
}

void reply_json(struct reply *reply, int status, const json_t *json)
{
    AUTO(text) char *text = json_text(json);
    reply_json_text(reply, status, text);
}

static bool has_header(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return true;
    return false;
}

/* The longest valid beginning: an error's text may be cut inside a character. */
static json_t *whole_text(const char *text)
{
    size_t len = strlen(text);
    while (len > 0 && !utf8_is_valid((struct bytes){text, len}))
        len--;
    return json_stringn(text, len);
}

static void add_retry_after(struct reply *reply, const struct error *err)
{
    char seconds[16];
    if (has_header(reply, "Retry-After"))
        return;
    for (size_t i = 0; i < COUNT_OF(retry_after); i++)
        if (retry_after[i].code == err->code)
            reply_add_header(reply, "Retry-After", retry_after[i].seconds);
    snprintf(seconds, sizeof seconds, "%d", err->retry_after_s);
    if (err->retry_after_s > 0)
        reply_add_header(reply, "Retry-After", seconds);
}

void reply_error(struct reply *reply, const struct error *err)
{
    const char *text = err->text;
    for (size_t i = 0; i < COUNT_OF(inner_texts); i++)
        if (inner_texts[i].code == err->code)
            text = inner_texts[i].text;
    AUTO(json)
    json_t *body = json_pack("{s:{s:s, s:o}}", "error", "code", error_name(err->code), "message",
                             whole_text(text));
    if (err->field[0])
        json_object_set_new(json_object_get(body, "error"), "field", whole_text(err->field));
    reply_json(reply, error_status(err->code), body);
    reply->code = error_name(err->code);
    add_retry_after(reply, err);
}

size_t reply_all_headers(const struct reply *reply, bool tls,
                         struct reply_pair ret_pairs[REPLY_ALL_HEADERS_MAX])
{
    const struct reply_pair pairs[] = {
        {"Content-Security-Policy", reply->kind == REPLY_FOREIGN ? POLICY_FOREIGN : POLICY_PAGE},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
        {"Cache-Control", caching[reply->kind]},
        {"Strict-Transport-Security", tls ? "max-age=31536000" : NULL},
        {"Content-Type", reply->type},
        {"Connection", reply->close ? "close" : NULL},
    };
    static_assert(COUNT_OF(pairs) + REPLY_HEADERS_MAX <= REPLY_ALL_HEADERS_MAX, "they fit");
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        if (pairs[i].value)
            ret_pairs[count++] = pairs[i];
    for (size_t i = 0; i < reply->header_count; i++)
        ret_pairs[count++] = (struct reply_pair){reply->headers[i].name, reply->headers[i].value};
    return count;
}

void reply_write_head(const struct reply *reply, bool tls, struct buffer *out)
{
    struct reply_pair pairs[REPLY_ALL_HEADERS_MAX];
    size_t count = reply_all_headers(reply, tls, pairs);
    char date[40];
    struct tm utc;
    time_t now = time(NULL);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &utc));
    buffer_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", reply->status,
                  reply->status < 400 ? "OK" : "Refused", date);
    for (size_t i = 0; i < count; i++)
        buffer_printf(out, "%s: %s\r\n", pairs[i].name, pairs[i].value);
}

void reply_write_raw(const struct reply *reply, bool tls, struct buffer *out)
{
    reply_write_head(reply, tls, out);
    buffer_printf(out, "Content-Length: %zu\r\n\r\n", reply->body.len);
    buffer_add(out, reply->body.data, reply->body.len);
}
