#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "worker/sandbox/e2b/e2b_control.h"

#define PAGES_MAX 200
#define PAGE_BYTES (1024 * 1024)
#define LIST_SECONDS 9 /* for all pages: whoever drains waits for it */

/* `next` NULL: of the first generation, which knows no pages. */
static void add_url(const struct e2b *e2b, const struct e2b_label *label, const char *next,
                    struct buffer *ret_url)
{
    AUTO(buffer) struct buffer filter = {0};
    /* Keys and values are of letters that need no escape, so that one layer of it is enough. */
    buffer_printf(&filter, "countersign=%s", label->instance);
    if (label->attempt)
        buffer_printf(&filter, "&attempt=%s", label->attempt);
    buffer_printf(ret_url, "%s%s?metadata=", e2b->api, next ? "/v2/sandboxes" : "/sandboxes");
    e2b_add_query(ret_url, filter.data);
    if (!next)
        return;
    buffer_add_text(ret_url, "&state=running%2Cpaused&limit=100");
    if (*next) {
        buffer_add_text(ret_url, "&nextToken=");
        e2b_add_query(ret_url, next);
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
static void tell(const json_t *entry, const struct e2b_label *label, sandbox_listed_fn *each,
                 void *context)
{
    const json_t *labels = json_object_get(entry, "metadata");
    const char *instance = json_text_of(labels, "countersign");
    const char *attempt = json_text_of(labels, "attempt");
    const struct sandbox_listed found = {
        .remote_id = json_text_of(entry, "sandboxID"),
        .attempt_id = number_of(labels, "attempt"),
        .fence = number_of(labels, "fence"),
        .age_ms = age_ms(json_text_of(entry, "startedAt")),
    };
    if (!found.remote_id || found.attempt_id < 0 || found.fence < 0 || !instance ||
        strcmp(instance, label->instance) != 0 ||
        (label->attempt && strcmp(attempt, label->attempt) != 0))
        return;
    each(context, &found);
}

struct page {
    char next[256];
    int64_t deadline_ms;
    const atomic_bool *cancelled;
    json_t *entries;
};

static bool call_page(struct e2b *e2b, const struct e2b_label *label, const struct page *page,
                      bool first, struct http_answer *ret_answer)
{
    AUTO(buffer) struct buffer url = {0};
    add_url(e2b, label, first ? NULL : page->next, &url);
    const struct http_request request = {
        .method = "GET",
        .url = url.data,
        .headers = {{"X-API-Key", e2b->options.key}},
        .wanted = "X-Next-Token",
        .deadline_ms = page->deadline_ms,
        .body_max = PAGE_BYTES,
        .cancelled = page->cancelled,
    };
    bool fine = http_call(e2b->http, &request, ret_answer);
    bool missing = fine && (ret_answer->status == 404 || ret_answer->status == 405);
    if (!missing || first)
        return fine;
    /* Of an older server, or a stray one: the next list asks the newer call again. */
    http_answer_auto(ret_answer);
    return call_page(e2b, label, page, true, ret_answer);
}

/* Reads one, and the token of the one behind it. */
static bool read_page(struct e2b *e2b, const struct e2b_label *label, struct page *page,
                      struct error *err)
{
    AUTO(http_answer) struct http_answer answer = {0};
    json_auto(&page->entries);
    if (!call_page(e2b, label, page, false, &answer) || !e2b_succeeded(&answer)) {
        e2b_leave_alone(label->job, answer.retry_after_ms);
        return e2b_refused(e2b, "list", &answer, true, err);
    }
    page->entries = e2b_json(buffer_bytes(&answer.body));
    if (!json_is_array(page->entries))
        return e2b_refused(e2b, "list", &answer, true, err);
    bool same = strcmp(page->next, answer.wanted) == 0;
    snprintf(page->next, sizeof page->next, "%s", same ? "" : answer.wanted);
    return true;
}

bool e2b_control_list(struct e2b *e2b, const struct e2b_label *label, sandbox_listed_fn *each,
                      void *context, struct error *err)
{
    struct page page = {.deadline_ms = e2b_deadline(e2b, LIST_SECONDS)};
    int64_t soon_ms = clock_monotonic_ms() + E2B_HURRY_MS;
    if (!e2b_cancelled(label->job))
        page.cancelled = label->job ? label->job->cancelled : NULL;
    else if (soon_ms < page.deadline_ms)
        page.deadline_ms = soon_ms;
    bool fine = true;
    for (int pages = 0; fine && (pages == 0 || *page.next); pages++) {
        fine = pages < PAGES_MAX ? read_page(e2b, label, &page, err)
                                 : fail(err, ERR_UNAVAILABLE, "E2B: list: it has no end");
        for (size_t i = 0; fine && i < json_array_size(page.entries); i++)
            tell(json_array_get(page.entries, i), label, each, context);
    }
    json_auto(&page.entries);
    return fine;
}
