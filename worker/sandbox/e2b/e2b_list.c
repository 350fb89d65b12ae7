#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "worker/sandbox/e2b/e2b_control.h"
#include "worker/sandbox/service_preflight.h"

#define PAGE_BYTES (1024 * 1024)
#define LIST_SECONDS 9 /* for one page: whoever drains waits for it */

/* Which list is asked, and for what of it. */
struct wish {
    const char *instance;
    const char *attempt; /* NULL: all */
    const char *cursor;
    int limit;  /* of a page */
    bool first; /* the service's first generation of lists: no pages */
    int64_t deadline_ms;
    const atomic_bool *cancelled;
};

static void add_url(const struct e2b *e2b, const struct wish *wish, struct buffer *ret_url)
{
    AUTO(buffer) struct buffer filter = {0};
    /* Keys and values are of letters that need no escape, so that one layer of it is enough. */
    buffer_printf(&filter, "countersign=%s", wish->instance);
    if (wish->attempt)
        buffer_printf(&filter, "&attempt=%s", wish->attempt);
    buffer_printf(ret_url, "%s%s?metadata=", e2b->api,
                  wish->first ? "/sandboxes" : "/v2/sandboxes");
    e2b_add_query(ret_url, filter.data);
    if (wish->first)
        return;
    buffer_printf(ret_url, "&state=running%%2Cpaused&limit=%d", wish->limit);
    if (*wish->cursor) {
        buffer_add_text(ret_url, "&nextToken=");
        e2b_add_query(ret_url, wish->cursor);
    }
}

static int64_t number_of(const json_t *labels, const char *key)
{
    const char *text = json_text_of(labels, key);
    char *rest = NULL;
    long long value = text ? strtoll(text, &rest, 10) : -1;
    return text && *text && *rest == '\0' && value > 0 ? value : -1;
}

static int64_t age_ms(const char *started)
{
    struct tm tm = {0};
    if (!started || !strptime(started, "%Y-%m-%dT%H:%M:%S", &tm))
        return 0;
    int64_t age = clock_wall_ms() - (int64_t)timegm(&tm) * 1000;
    return age > 0 ? age : 0;
}

/* Whatever the service says, only what carries our label is ours. */
static void tell(const json_t *entry, const char *attempt, const struct sandbox_page *page)
{
    const json_t *labels = json_object_get(entry, "metadata");
    const char *instance = json_text_of(labels, "countersign");
    const char *of_attempt = json_text_of(labels, "attempt");
    const struct sandbox_listed found = {
        .remote_id = json_text_of(entry, "sandboxID"),
        .attempt_id = number_of(labels, "attempt"),
        .fence = number_of(labels, "fence"),
        .age_ms = age_ms(json_text_of(entry, "startedAt")),
    };
    if (!found.remote_id || found.attempt_id < 0 || found.fence < 0 || !instance ||
        strcmp(instance, page->instance) != 0 || (attempt && strcmp(of_attempt, attempt) != 0))
        return;
    page->each(page->context, &found);
}

static bool call_once(struct e2b *e2b, const struct wish *wish, struct http_answer *ret_answer)
{
    AUTO(buffer) struct buffer url = {0};
    add_url(e2b, wish, &url);
    const struct http_request request = {
        .method = "GET",
        .url = url.data,
        .headers = {{"X-API-Key", e2b->options.key}},
        .wanted = "X-Next-Token",
        .deadline_ms = wish->deadline_ms,
        .body_max = PAGE_BYTES,
        .cancelled = wish->cancelled,
    };
    return http_call(e2b->http, &request, ret_answer);
}

/* An older server has only the first generation of lists, all on one page. It may as well be a
 * stray 404: the next list asks the newer call again. */
static bool call_either(struct e2b *e2b, struct wish *wish, struct http_answer *ret_answer)
{
    bool fine = call_once(e2b, wish, ret_answer);
    wish->first = fine && (ret_answer->status == 404 || ret_answer->status == 405);
    if (!wish->first)
        return fine;
    http_answer_auto(ret_answer);
    return call_once(e2b, wish, ret_answer);
}

/* Once the job is cancelled somebody waits: what is left is done without delay. */
static void set_limits(struct e2b *e2b, const struct sandbox_job *job, struct wish *wish)
{
    int64_t soon_ms = clock_monotonic_ms() + E2B_HURRY_MS;
    wish->deadline_ms = e2b_deadline(e2b, LIST_SECONDS);
    if (!e2b_cancelled(job))
        wish->cancelled = job ? job->cancelled : &e2b->closing;
    else if (soon_ms < wish->deadline_ms)
        wish->deadline_ms = soon_ms;
}

bool e2b_control_list(struct e2b *e2b, const struct e2b_label *label, struct sandbox_page *page,
                      struct error *err)
{
    AUTO(http_answer) struct http_answer answer = {0};
    struct wish wish = {.instance = page->instance,
                        .attempt = label->attempt,
                        .cursor = page->cursor,
                        .limit = 100};
    set_limits(e2b, label->job, &wish);
    if (!call_either(e2b, &wish, &answer) || !e2b_succeeded(&answer)) {
        e2b_leave_alone(label->job, answer.retry_after_ms);
        return e2b_refused(e2b, "list", &answer, true, err);
    }
    AUTO(json) json_t *entries = e2b_json(buffer_bytes(&answer.body));
    if (!json_is_array(entries))
        return e2b_refused(e2b, "list", &answer, true, err);
    for (size_t i = 0; i < json_array_size(entries); i++)
        tell(json_array_get(entries, i), label->attempt, page);
    bool on = !wish.first && strcmp(page->cursor, answer.wanted) != 0;
    snprintf(page->cursor, sizeof page->cursor, "%s", on ? answer.wanted : "");
    return true;
}

static void look(void *context, int64_t deadline_ms, struct http_answer *ret_answer,
                 bool *ret_makes_sense, char ret_message[READINESS_WHY])
{
    struct e2b *e2b = context;
    struct wish wish = {.instance = "preflight",
                        .cursor = "",
                        .limit = 1,
                        .deadline_ms = deadline_ms,
                        .cancelled = &e2b->closing};
    bool fine = call_either(e2b, &wish, ret_answer) && e2b_succeeded(ret_answer);
    AUTO(json) json_t *entries = fine ? e2b_json(buffer_bytes(&ret_answer->body)) : NULL;
    *ret_makes_sense = json_is_array(entries);
    e2b_message(e2b, ret_answer, ret_message, READINESS_WHY);
}

enum readiness_answer e2b_control_preflight(void *context, char ret_why_not[READINESS_WHY])
{
    const struct e2b *e2b = context;
    const struct service service = {.name = "E2B",
                                    .key_setting = "E2B_API_KEY",
                                    .url_setting = "E2B_API_URL",
                                    .url = e2b->api,
                                    .call = look,
                                    .context = context};
    return service_preflight(&service, ret_why_not);
}
