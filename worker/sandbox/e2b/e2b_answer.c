#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "worker/sandbox/e2b/e2b_internal.h"

int64_t e2b_deadline(const struct e2b *e2b, int seconds)
{
    int64_t ms = e2b->options.call_ms * seconds / 60;
    if (seconds < 60 && ms > 1000 * seconds) /* others wait for these */
        ms = 1000 * seconds;
    return clock_monotonic_ms() + ms;
}

bool e2b_cancelled(const struct sandbox_job *job)
{
    return job && job->cancelled && atomic_load(job->cancelled);
}

void e2b_leave_alone(const struct sandbox_job *job, int64_t retry_after_ms)
{
    if (job && job->retry_after_ms && retry_after_ms >= 0)
        *job->retry_after_ms = retry_after_ms;
}

json_t *e2b_json(struct bytes text)
{
    if (text.len == 0 || !json_depth_within(text, E2B_JSON_DEPTH))
        return NULL;
    return json_loadb(text.data, text.len, 0, NULL);
}

bool e2b_succeeded(const struct http_answer *answer)
{
    return answer->end == HTTP_ANSWERED && answer->status >= 200 && answer->status < 300;
}

void e2b_message(const struct e2b *e2b, const struct http_answer *answer, char *ret_text,
                 size_t size)
{
    AUTO(json) json_t *body = e2b_json(buffer_bytes(&answer->body));
    const char *message = json_text_of(body, "message");
    *ret_text = '\0';
    if (!message || strstr(message, e2b->options.key))
        return;
    snprintf(ret_text, size, "%.100s", message);
    for (char *at = ret_text; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
            *at = '?';
}

static enum error_code code_of(const struct http_answer *answer, bool ours)
{
    static const struct {
        int status;
        enum error_code code;
    } codes[] = {{408, ERR_UNAVAILABLE},
                 {409, ERR_UNAVAILABLE},
                 {425, ERR_UNAVAILABLE},
                 {429, ERR_THROTTLED},
                 {507, ERR_BAD_REQUEST}};
    if (answer->end == HTTP_CANCELLED)
        return ERR_CONFLICT;
    if (answer->end != HTTP_ANSWERED)
        return ERR_UNAVAILABLE;
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (answer->status == codes[i].status)
            return codes[i].code;
    if (answer->status == 401 || answer->status == 403)
        return ours ? ERR_FORBIDDEN : ERR_UNAVAILABLE;
    return answer->status >= 400 && answer->status < 500 ? ERR_BAD_REQUEST : ERR_UNAVAILABLE;
}

bool e2b_refused(const struct e2b *e2b, const char *what, const struct http_answer *answer,
                 bool ours, struct error *err)
{
    char message[128];
    enum error_code code = code_of(answer, ours);
    if (answer->end == HTTP_CANCELLED)
        return fail(err, code, "E2B: %s: cancelled", what);
    if (answer->end != HTTP_ANSWERED)
        return fail(err, code, "E2B: %s: %s", what, answer->text);
    e2b_message(e2b, answer, message, sizeof message);
    if (e2b_succeeded(answer))
        return fail(err, ERR_UNAVAILABLE, "E2B: %s: an answer that makes no sense", what);
    return fail(err, code, "E2B: %s: status %d%s%s", what, answer->status, *message ? ": " : "",
                message);
}

void e2b_add_query(struct buffer *url, const char *text)
{
    for (const char *at = text; *at; at++) {
        unsigned char now = (unsigned char)*at;
        bool plain = (now >= '0' && now <= '9') || ((now | 0x20) >= 'a' && (now | 0x20) <= 'z') ||
                     strchr("-._~", now);
        if (plain)
            buffer_add(url, at, 1);
        else
            buffer_printf(url, "%%%02X", now);
    }
}

/* Where one host stands for the files of all sandboxes, so that connections are shared. */
static bool has_shared_host(const char *domain)
{
    static const char *const domains[] = {"e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev"};
    for (size_t i = 0; i < COUNT_OF(domains); i++)
        if (strcmp(domain, domains[i]) == 0)
            return true;
    return false;
}

void e2b_port_url(const struct sandbox *sandbox, int port, struct buffer *ret_url)
{
    const char *fixed = sandbox->owner->options.sandbox_url;
    if (fixed && *fixed)
        buffer_add(ret_url, fixed, strlen(fixed) - (fixed[strlen(fixed) - 1] == '/'));
    else if (port == E2B_ENVD_PORT && has_shared_host(sandbox->domain))
        buffer_printf(ret_url, "https://sandbox.%s", sandbox->domain);
    else
        buffer_printf(ret_url, "https://%d-%s.%s", port, sandbox->id, sandbox->domain);
}

/* Never the key: the code in the sandbox could read it. */
void e2b_port_request(const struct sandbox *sandbox, int port, struct http_request *request)
{
    const struct e2b_options *options = &sandbox->owner->options;
    bool is_fixed = options->sandbox_url && *options->sandbox_url;
    struct http_header *headers = request->headers;
    /* A domain of the service's own choice does not lead into our net. */
    request->public_only = !is_fixed && strcmp(sandbox->domain, options->domain) != 0;
    bool code = port == E2B_CODE_PORT;
    headers[0] = (struct http_header){"E2b-Sandbox-Id", sandbox->id};
    headers[1] = (struct http_header){"E2b-Sandbox-Port", code ? "49999" : "49983"};
    headers[2] = (struct http_header){"X-Access-Token", sandbox->envd_token};
    headers[3] =
        (struct http_header){"E2B-Traffic-Access-Token", code ? sandbox->traffic_token : NULL};
}

void e2b_sandbox_free(struct sandbox *sandbox)
{
    if (!sandbox)
        return;
    text_auto(&sandbox->envd_token);
    text_auto(&sandbox->traffic_token);
    text_auto(&sandbox->reference);
    json_auto(&sandbox->before);
    if (sandbox->remote_started)
        remote_auto(&sandbox->remote);
    free(sandbox);
}
