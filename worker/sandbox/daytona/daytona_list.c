#include "worker/sandbox/daytona/daytona_list.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/json.h"
#include "worker/sandbox/service_preflight.h"

#define PATH "/sandbox?limit=%d&labels=%%7B%%22countersign%%22%%3A%%22%s%%22%%7D"
#define PAGE 100
#define BODY_MAX (8 << 20) /* of one page */
#define BOUND_MS 8000      /* for one page: whoever drains waits for it */

/* Before 0.200 the answer was the array itself. */
static json_t *read_page(const struct http_answer *answer)
{
    AUTO(buffer) struct buffer whole = {0};
    if (answer->body.len == 0 || answer->body.data[0] != '[')
        return daytona_body(answer);
    json_t *root = NULL;
    struct error err;
    buffer_add_text(&whole, "{\"items\":");
    buffer_add(&whole, answer->body.data, answer->body.len);
    buffer_add_text(&whole, "}");
    return json_read_object(buffer_bytes(&whole), &root, &err) ? root : NULL;
}

static void tell_each(const struct sandbox_page *page, const json_t *items)
{
    size_t index;
    json_t *item;
    json_array_foreach (items, index, item) {
        struct daytona_sandbox found;
        if (!daytona_read_sandbox(item, &found) || found.step == DAYTONA_GONE ||
            strcmp(found.instance, page->instance) != 0)
            continue;
        int64_t age = found.created_ms > 0 ? clock_wall_ms() - found.created_ms : 0;
        page->each(page->context, &(struct sandbox_listed){.remote_id = found.id,
                                                           .attempt_id = found.attempt_id,
                                                           .fence = found.fence,
                                                           .age_ms = age > 0 ? age : 0});
    }
}

static bool path_of(const struct sandbox_page *page, char ret_path[DAYTONA_PATH])
{
    char cursor[DAYTONA_PATH / 2];
    snprintf(ret_path, DAYTONA_PATH, PATH, PAGE, page->instance);
    if (!daytona_encode(page->cursor, cursor, sizeof cursor))
        return false;
    size_t len = strlen(ret_path);
    if (cursor[0])
        snprintf(ret_path + len, DAYTONA_PATH - len, "&cursor=%s", cursor);
    return true;
}

static int64_t bounded_ms(const struct daytona *daytona)
{
    return daytona->options.call_ms < BOUND_MS ? daytona->options.call_ms : BOUND_MS;
}

bool daytona_list(void *context, struct sandbox_page *page, struct error *err)
{
    struct daytona *daytona = context;
    char path[DAYTONA_PATH];
    AUTO(http_answer) struct http_answer answer = {0};
    if (!daytona_id_fits(page->instance) || !path_of(page, path))
        return fail(err, ERR_INTERNAL, "the instance or the place in Daytona's list is too odd");
    const struct daytona_call call = {.method = "GET",
                                      .path = path,
                                      .body_max = BODY_MAX,
                                      .deadline_ms = clock_monotonic_ms() + bounded_ms(daytona)};
    bool answered = daytona_call(daytona, &call, &answer);
    AUTO(json) json_t *root = answered && answer.status == 200 ? read_page(&answer) : NULL;
    const json_t *items = json_object_get(root, "items");
    if (!json_is_array(items))
        return fail(err, answered && answer.status == 401 ? ERR_FORBIDDEN : ERR_UNAVAILABLE,
                    "Daytona lists no sandboxes: status %d %s", answer.status, answer.text);
    tell_each(page, items);
    const char *next = json_text_of(root, "nextCursor");
    bool on = next && strcmp(next, page->cursor) != 0;
    if (on && strlen(next) >= sizeof page->cursor)
        return fail(err, ERR_UNAVAILABLE, "Daytona's list goes on at too long a place");
    snprintf(page->cursor, sizeof page->cursor, "%s", on ? next : "");
    return true;
}

static void look(void *context, int64_t deadline_ms, struct http_answer *ret_answer,
                 bool *ret_makes_sense, char ret_message[READINESS_WHY])
{
    const struct daytona *daytona = context;
    char path[DAYTONA_PATH];
    snprintf(path, sizeof path, PATH, 1, "preflight");
    const struct daytona_call call = {.method = "GET",
                                      .path = path,
                                      .deadline_ms = deadline_ms,
                                      .each_ms = SERVICE_CALL_MS,
                                      .once = true,
                                      .cancelled = &daytona->closing};
    bool answered = daytona_call(daytona, &call, ret_answer);
    AUTO(json) json_t *root = answered && ret_answer->status == 200 ? read_page(ret_answer) : NULL;
    *ret_makes_sense = json_is_array(json_object_get(root, "items"));
    snprintf(ret_message, READINESS_WHY, "%s", answered ? ret_answer->text : "");
}

enum readiness_answer daytona_preflight(void *context, char ret_why_not[READINESS_WHY])
{
    const struct daytona *daytona = context;
    const struct service service = {.name = "Daytona",
                                    .key_setting = "DAYTONA_API_KEY",
                                    .url_setting = "DAYTONA_API_URL",
                                    .url = daytona->api,
                                    .call = look,
                                    .context = context};
    return service_preflight(&service, ret_why_not);
}

bool daytona_remove(void *context, const char *remote_id, struct error *err)
{
    const struct daytona *daytona = context;
    if (!daytona_id_fits(remote_id))
        return fail(err, ERR_INTERNAL, "no id of a sandbox");
    FAULT("worker.remote.delete");
    return daytona_delete(daytona, remote_id, clock_monotonic_ms() + daytona->options.call_ms / 2,
                          NULL, err);
}
