#include "worker/sandbox/daytona/daytona_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/json.h"

/* Answers of the session endpoints depend on it: this one splits the log. */
#define SDK_VERSION "0.205.1"
#define SOURCE "countersign"
#define GAP_FIRST_MS 200
#define GAP_MAX_MS 5000
#define STEP_MS 200 /* between two looks at a flag */

bool daytona_nap(const atomic_bool *cancelled, int64_t ms)
{
    int64_t end = clock_monotonic_ms() + ms, left;
    while (!(cancelled && atomic_load(cancelled)) && (left = end - clock_monotonic_ms()) > 0) {
        int64_t now = cancelled && left > STEP_MS ? STEP_MS : left;
        struct timespec wait = {.tv_sec = now / 1000, .tv_nsec = now % 1000 * 1000000};
        nanosleep(&wait, NULL);
    }
    return !(cancelled && atomic_load(cancelled));
}

bool daytona_passing(const struct http_answer *answer)
{
    if (answer->end == HTTP_ANSWERED)
        return answer->status == 429 || (answer->status >= 502 && answer->status <= 504);
    return answer->end == HTTP_NOT_SENT || answer->end == HTTP_CUT || answer->end == HTTP_TIMED_OUT;
}

/* What people may read: the service could repeat our key. */
static void set_text(const struct daytona *daytona, struct http_answer *answer)
{
    char message[DAYTONA_TEXT];
    daytona_message(buffer_bytes(&answer->body), message);
    if (strstr(message, daytona->options.key))
        message[0] = '\0';
    snprintf(answer->text, sizeof answer->text, "%s", message);
}

/* A toolbox that the operator named, or that is beside the control plane, may be in our own net;
 * one that the service alone names may not. */
static bool may_be_near(const struct daytona *daytona, const char *base)
{
    const char *named = daytona->options.toolbox;
    return (named && *named) || daytona_is_beside(base, daytona->api);
}

static bool call_once(const struct daytona *daytona, const struct daytona_call *call,
                      struct http_answer *ret_answer)
{
    char url[DAYTONA_URL + DAYTONA_ID + DAYTONA_PATH];
    int64_t each = call->each_ms > 0 ? call->each_ms : daytona->options.call_ms / 4;
    int64_t end = clock_monotonic_ms() + each;
    snprintf(url, sizeof url, "%s%s", call->base ? call->base : daytona->api, call->path);
    struct http_request request = {
        .method = call->method,
        .url = url,
        .headers = {{"Authorization", daytona->authorization},
                    {"Accept", "application/json"},
                    {"X-Daytona-Source", SOURCE},
                    {"X-Daytona-SDK-Version", SDK_VERSION}},
        .body = bytes_of(call->body),
        .content_type = call->body ? "application/json" : NULL,
        .parts = call->parts,
        .part_count = call->part_count,
        .deadline_ms = end < call->deadline_ms ? end : call->deadline_ms,
        .body_max = call->body_max ? call->body_max : DAYTONA_BODY_MAX,
        .take = call->take,
        .sent = call->sent,
        .context = call->context,
        .cancelled = call->cancelled,
        .public_only = call->base && !may_be_near(daytona, call->base),
    };
    bool answered = http_call(daytona->http, &request, ret_answer);
    if (answered)
        set_text(daytona, ret_answer);
    return answered;
}

bool daytona_call(const struct daytona *daytona, const struct daytona_call *call,
                  struct http_answer *ret_answer)
{
    bool again =
        !call->once && (strcmp(call->method, "GET") == 0 || strcmp(call->method, "DELETE") == 0);
    for (int64_t gap = GAP_FIRST_MS;; gap = gap * 2 < GAP_MAX_MS ? gap * 2 : GAP_MAX_MS) {
        bool answered = call_once(daytona, call, ret_answer);
        int64_t wait = ret_answer->retry_after_ms > gap ? ret_answer->retry_after_ms : gap;
        if (!again || !daytona_passing(ret_answer) ||
            clock_monotonic_ms() + wait >= call->deadline_ms)
            return answered;
        if (!daytona_nap(call->cancelled, wait))
            return answered;
        http_answer_auto(ret_answer);
    }
}

json_t *daytona_body(const struct http_answer *answer)
{
    json_t *root = NULL;
    struct error err;
    return json_read_object(buffer_bytes(&answer->body), &root, &err) ? root : NULL;
}

enum daytona_look daytona_get(const struct daytona *daytona, const char *name, int64_t deadline_ms,
                              const atomic_bool *cancelled, struct daytona_sandbox *ret_sandbox)
{
    char path[DAYTONA_PATH];
    AUTO(http_answer) struct http_answer answer = {0};
    snprintf(path, sizeof path, "/sandbox/%s", name);
    const struct daytona_call call = {
        .method = "GET", .path = path, .deadline_ms = deadline_ms, .cancelled = cancelled};
    if (!daytona_call(daytona, &call, &answer))
        return DAYTONA_UNSURE;
    AUTO(json) json_t *root = answer.status == 200 ? daytona_body(&answer) : NULL;
    if (root && daytona_read_sandbox(root, ret_sandbox))
        return DAYTONA_FOUND;
    if (answer.status == 401 || answer.status == 403)
        return DAYTONA_REFUSED;
    if (answer.status == 429) {
        ret_sandbox->retry_after_ms = answer.retry_after_ms;
        return DAYTONA_BUSY;
    }
    return answer.status == 404 ? DAYTONA_ABSENT : DAYTONA_UNSURE;
}

/* What no service of theirs would say is no proof that it is deleted. */
static bool is_deleted(const struct daytona *daytona, const struct http_answer *answer,
                       const char *name, int64_t deadline_ms)
{
    struct daytona_sandbox found;
    if (answer->status == 404 || answer->status == 204)
        return true;
    if (answer->status < 200 || answer->status >= 300)
        return false;
    AUTO(json) json_t *root = daytona_body(answer);
    if (root && daytona_read_sandbox(root, &found))
        return true;
    enum daytona_look look = daytona_get(daytona, name, deadline_ms, NULL, &found);
    return look == DAYTONA_ABSENT || (look == DAYTONA_FOUND && found.step == DAYTONA_GONE);
}

bool daytona_delete(const struct daytona *daytona, const char *name, int64_t deadline_ms,
                    int64_t *ret_retry_after_ms, struct error *err)
{
    char path[DAYTONA_PATH];
    snprintf(path, sizeof path, "/sandbox/%s", name);
    for (int64_t gap = GAP_FIRST_MS;; gap = gap * 2 < GAP_MAX_MS ? gap * 2 : GAP_MAX_MS) {
        AUTO(http_answer) struct http_answer answer = {0};
        const struct daytona_call call = {
            .method = "DELETE", .path = path, .deadline_ms = deadline_ms};
        bool answered = daytona_call(daytona, &call, &answer);
        if (answered && is_deleted(daytona, &answer, name, deadline_ms))
            return true;
        /* 409: some change is under way, mostly that it is still being made. */
        bool final = answered && answer.status >= 400 && answer.status < 500 &&
                     answer.status != 409 && answer.status != 429;
        bool busy = answered && answer.status == 429;
        int64_t wait = busy && answer.retry_after_ms > gap ? answer.retry_after_ms : gap;
        if (busy && ret_retry_after_ms)
            *ret_retry_after_ms = answer.retry_after_ms;
        if (final || clock_monotonic_ms() + wait >= deadline_ms)
            return fail(err, busy ? ERR_THROTTLED : ERR_UNAVAILABLE,
                        "Daytona did not delete %s: status %d %s", name, answer.status,
                        answer.text);
        daytona_nap(NULL, wait);
    }
}

bool daytona_encode(const char *text, char *ret_text, size_t size)
{
    size_t at = 0;
    for (; *text && at + 4 <= size; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain =
            (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || strchr("-._~", c);
        if (plain)
            ret_text[at++] = (char)c;
        else
            at += (size_t)snprintf(ret_text + at, size - at, "%%%02X", c);
    }
    ret_text[at] = '\0';
    return *text == '\0';
}
