#include "worker/sandbox/daytona/daytona_list.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/fault.h"
#include "common/base/json.h"

#define PAGE "100"
#define PAGES_MAX 100
#define BODY_MAX (8 << 20) /* of one page */
#define BOUND_MS 8000      /* whoever drains waits for it */

/* A listing that is under way. */
struct listing {
    struct daytona *daytona;
    const char *instance;
    sandbox_listed_fn *each;
    void *context;
    int64_t deadline_ms;
};

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

static void tell_each(const struct listing *listing, const json_t *items)
{
    size_t index;
    json_t *item;
    json_array_foreach (items, index, item) {
        struct daytona_sandbox found;
        if (!daytona_read_sandbox(item, &found) || found.step == DAYTONA_GONE ||
            strcmp(found.instance, listing->instance) != 0)
            continue;
        int64_t age = found.created_ms > 0 ? clock_wall_ms() - found.created_ms : 0;
        listing->each(listing->context, &(struct sandbox_listed){.remote_id = found.id,
                                                                 .attempt_id = found.attempt_id,
                                                                 .fence = found.fence,
                                                                 .age_ms = age > 0 ? age : 0});
    }
}

/* One page; `cursor` (encoded) becomes that of the next, "" after the last. */
static bool list_page(const struct listing *listing, char *cursor, size_t size, struct error *err)
{
    char path[DAYTONA_PATH];
    AUTO(http_answer) struct http_answer answer = {0};
    snprintf(path, sizeof path,
             "/sandbox?limit=" PAGE "&labels=%%7B%%22countersign%%22%%3A%%22%s%%22%%7D%s%s",
             listing->instance, cursor[0] ? "&cursor=" : "", cursor);
    const struct daytona_call call = {
        .method = "GET", .path = path, .body_max = BODY_MAX, .deadline_ms = listing->deadline_ms};
    bool answered = daytona_call(listing->daytona, &call, &answer);
    AUTO(json) json_t *root = answered && answer.status == 200 ? read_page(&answer) : NULL;
    const json_t *items = json_object_get(root, "items");
    if (!json_is_array(items))
        return fail(err, answered && answer.status == 401 ? ERR_FORBIDDEN : ERR_UNAVAILABLE,
                    "Daytona lists no sandboxes: status %d %s", answer.status, answer.text);
    tell_each(listing, items);
    const char *next = json_text_of(root, "nextCursor");
    cursor[0] = '\0';
    if (next && *next && !daytona_encode(next, cursor, size))
        return fail(err, ERR_UNAVAILABLE, "Daytona's list goes on at too long a place");
    return true;
}

static int64_t bounded_ms(const struct daytona *daytona)
{
    return daytona->options.call_ms < BOUND_MS ? daytona->options.call_ms : BOUND_MS;
}

bool daytona_list(void *context, const char *instance, sandbox_listed_fn *each, void *each_context,
                  struct error *err)
{
    struct daytona *daytona = context;
    char cursor[DAYTONA_PATH / 2] = "";
    const struct listing listing = {.daytona = daytona,
                                    .instance = instance,
                                    .each = each,
                                    .context = each_context,
                                    .deadline_ms = clock_monotonic_ms() + bounded_ms(daytona)};
    if (!daytona_id_fits(instance))
        return fail(err, ERR_INTERNAL, "the instance has no plain id");
    for (int page = 0; page < PAGES_MAX; page++) {
        if (!list_page(&listing, cursor, sizeof cursor, err))
            return false;
        if (!cursor[0])
            return true;
    }
    return true; /* the rest next time */
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
