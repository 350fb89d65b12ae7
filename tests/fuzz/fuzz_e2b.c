/* Answers of E2B's control plane. Input: a status (one byte), the header with the next place (a
 * line), the body. http_call is ours here. */
#include <stdio.h>

#include "tests/fuzz/fuzz.h"
#include "worker/sandbox/e2b/e2b_control.h"
#include "worker/sandbox/e2b/e2b_envd.h"
#include "worker/sandbox/e2b/e2b_internal.h"

#define INSTANCE "1f0c5e"
#define KEY "e2b_0123456789abcdef"

static struct {
    int status;
    struct bytes body;
    char *next;
} service;

bool __wrap_http_call(struct http *http, const struct http_request *request,
                      struct http_answer *ret_answer);

bool __wrap_http_call(struct http *http, const struct http_request *request,
                      struct http_answer *ret_answer)
{
    (void)http;
    *ret_answer = (struct http_answer){.end = HTTP_ANSWERED, .sent = true};
    ret_answer->status = service.status;
    ret_answer->retry_after_ms = -1;
    if (request->wanted)
        snprintf(ret_answer->wanted, sizeof ret_answer->wanted, "%s", service.next);
    buffer_add(&ret_answer->body, service.body.data, service.body.len);
    for (const char *at = request->url; *at; at++)
        CLAIM(*at > ' ' && *at < 0x7f && !strchr("\"<>\\", *at));
    CLAIM(!strstr(request->url, KEY));
    return true;
}

static void see_listed(void *context, const struct sandbox_listed *found)
{
    (void)context;
    CLAIM(found->remote_id && found->attempt_id > 0 && found->fence > 0 && found->age_ms >= 0);
    CLAIM(memmem(service.body.data, service.body.len, INSTANCE, strlen(INSTANCE)));
}

static void check_list(struct e2b *e2b, const char *attempt)
{
    struct error err = {0};
    struct sandbox_page page = {.instance = INSTANCE, .each = see_listed};
    const struct e2b_label label = {.attempt = attempt};
    if (e2b_control_list(e2b, &label, &page, &err)) {
        CLAIM(service.status >= 200 && service.status < 300);
        CLAIM(strlen(page.cursor) < sizeof page.cursor);
    } else {
        CLAIM(err.code != ERR_NONE && !strstr(err.text, KEY));
    }
}

/* What is in the working folder decides what a run hands back: each name once, as text. */
static void check_folder(struct e2b *e2b)
{
    struct error err = {0};
    size_t others[2] = {0};
    AUTO(json) json_t *files = NULL;
    struct sandbox sandbox = {.owner = e2b, .id = "ab1", .domain = "e2b.example"};
    if (!e2b_envd_list(&sandbox, "/home/user", NULL, &files, others, &err)) {
        CLAIM(!files && err.code != ERR_NONE && err.code != ERR_FORBIDDEN);
        return;
    }
    const char *name;
    json_t *entry;
    json_object_foreach (files, name, entry) {
        CLAIM(name[0] && name[0] != '.' && json_array_size(entry) == 2);
        CLAIM(json_is_string(json_array_get(entry, 0)) && json_is_string(json_array_get(entry, 1)));
    }
}

/* A message of theirs goes into our log: one printable line, and never our key. */
static void check_message(const struct e2b *e2b)
{
    char text[128];
    AUTO(http_answer) struct http_answer answer = {.end = HTTP_ANSWERED, .status = service.status};
    buffer_add(&answer.body, service.body.data, service.body.len);
    e2b_message(e2b, &answer, text, sizeof text);
    for (const char *at = text; *at; at++)
        CLAIM(*at >= 0x20 && *at <= 0x7e);
    CLAIM(strlen(text) <= 100 && !strstr(text, KEY));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 200, 200, 201, 400, 401, 404, 429, 500, 507};
    static struct e2b e2b = {.api = "https://api.e2b.example",
                             .options = {.key = KEY, .domain = "e2b.example", .call_ms = 60000}};
    struct fuzz fuzz = {data, data + size};
    service.status = statuses[fuzz_byte(&fuzz) % COUNT_OF(statuses)];
    AUTO(text) char *next = fuzz_text(fuzz_line(&fuzz));
    service.next = next;
    service.body = fuzz_rest(&fuzz);
    check_list(&e2b, NULL);
    check_list(&e2b, "7");
    check_folder(&e2b);
    check_message(&e2b);
    return 0;
}
