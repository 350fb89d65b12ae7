/* The control plane of the Daytona that is played. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/json.h"
#include "tests/bench/instant_service.h"

#define KEY "dtn_test_key"
#define PAGE_USUAL 100
#define PAGE_MOST 200
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static const struct image {
    const char *name;
    int cpu, memory, disk;
} images[] = {{"daytona-small", 1, 1, 3}, {"daytona-medium", 2, 4, 8}, {"daytona-large", 4, 8, 10}};

void daytona_env(const struct service *service, struct buffer *out)
{
    buffer_printf(out, "{\"DAYTONA_API_KEY\":\"" KEY "\",\"DAYTONA_API_URL\":\"%s/api\"}",
                  service->url);
}

bool daytona_knows(const struct call *call)
{
    const char *given = call->headers[CALL_AUTHORIZATION];
    return given && strcmp(given, "Bearer " KEY) == 0;
}

static void refuse(struct reply *reply, int status, const char *message)
{
    reply_json(reply, status, "{\"statusCode\":%d,\"error\":\"Error\",\"message\":\"%s\"}", status,
               message);
}

/* ---- how a sandbox is shown ----------------------------------------------------------------- */

static const struct image *image_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(images); i++)
        if (strcmp(images[i].name, name) == 0)
            return &images[i];
    return NULL;
}

static void add_view(const struct service *service, const struct made_sandbox *sandbox,
                     const char *state, struct buffer *out)
{
    const struct image *image = image_of(sandbox->image);
    assert(image); /* it was made from one */
    buffer_printf(out,
                  "{\"id\":\"%s\",\"organizationId\":\"org-1\",\"name\":\"%s\",\"snapshot\":\"%s\","
                  "\"user\":\"daytona\",\"env\":{},\"labels\":%s,\"public\":false,"
                  "\"networkBlockAll\":true,\"target\":\"us\",\"cpu\":%d,\"gpu\":0,\"memory\":%d,"
                  "\"disk\":%d,",
                  sandbox->id, sandbox->name, sandbox->image, sandbox->labels_text, image->cpu,
                  image->memory, image->disk);
    buffer_printf(out,
                  "\"state\":\"%s\",\"desiredState\":\"%s\",\"autoStopInterval\":15,"
                  "\"autoArchiveInterval\":10080,\"autoDeleteInterval\":-1,\"volumes\":[],"
                  "\"createdAt\":\"%s\",\"updatedAt\":\"%s\",\"sandboxClass\":\"container\","
                  "\"daemonVersion\":\"0.190.0\",\"toolboxProxyUrl\":\"%s/toolbox\"}",
                  state, strcmp(state, "destroying") == 0 ? "destroyed" : "started",
                  sandbox->created, sandbox->created, service->inside);
}

static void show(const struct service *service, const struct made_sandbox *sandbox,
                 const char *state, struct reply *reply)
{
    reply->status = 200;
    add_view(service, sandbox, state, &reply->body);
}

/* ---- create --------------------------------------------------------------------------------- */

static bool name_valid(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len < MADE_NAME && strspn(name, NAME_LETTERS) == len;
}

/* A name or a snapshot that is absent is as good as one that fits. */
static const char *text_of(const json_t *body, const char *field, const char *otherwise)
{
    const json_t *value = json_object_get(body, field);
    if (!value)
        return otherwise;
    return json_is_string(value) ? json_string_value(value) : "?";
}

/* As the service tells it: what is started is shown as it was before it was waited for. */
static void create(struct service *service, const struct call *call, struct reply *reply)
{
    AUTO(json) json_t *body = NULL;
    struct error err;
    if (!json_read_object(call->body, &body, &err)) {
        refuse(reply, 400, "body must be an object");
        return;
    }
    const char *name = text_of(body, "name", "");
    const struct image *image = image_of(text_of(body, "snapshot", images[0].name));
    json_t *labels = json_object_get(body, "labels");
    if ((*name && !name_valid(name)) || (labels && !made_labels_valid(labels)) || !image ||
        json_object_get(body, "cpu")) {
        refuse(reply, 400, image ? "the body is not valid" : "Snapshot not found");
        return;
    }
    if (*name && made_named(&service->made, name)) {
        reply_json(reply, 409,
                   "{\"statusCode\":409,\"error\":\"Conflict\","
                   "\"message\":\"Sandbox with name %s already exists\"}",
                   name);
        return;
    }
    struct made_sandbox *sandbox = made_add(&service->made, true, name, labels);
    if (!sandbox) {
        refuse(reply, 429, "Rate limit exceeded");
        return;
    }
    sandbox->image = image->name;
    show(service, sandbox, "creating", reply);
}

/* ---- list ----------------------------------------------------------------------------------- */

/* All that there are have started. False in ret_wanted when another state is asked for. */
static bool states_valid(const struct call *call, bool *ret_wanted)
{
    const char *at = NULL;
    bool any = false, started = false;
    for (;;) {
        AUTO(text) char *state = call_query(call, "states", &at);
        if (!state)
            break;
        if (strcmp(state, "destroyed") == 0)
            return false;
        any = true;
        started = started || strcmp(state, "started") == 0;
    }
    *ret_wanted = !any || started;
    return true;
}

static json_t *labels_of(const struct call *call)
{
    AUTO(text) char *text = call_query(call, "labels", NULL);
    AUTO(json) json_t *labels = json_object();
    struct error err;
    if (text && *text) {
        json_auto(&labels);
        labels = NULL;
        if (!json_read_object(bytes_of(text), &labels, &err))
            return NULL;
    }
    return TAKE(labels);
}

static bool begins(const char *text, const char *start)
{
    return !start || strncmp(text, start, strlen(start)) == 0;
}

/* In the order of making; a page goes on above the serial that the last one ended with. */
static void list(struct service *service, const struct call *call, struct reply *reply)
{
    AUTO(json) json_t *labels = labels_of(call);
    AUTO(text) char *name = call_query(call, "name", NULL);
    AUTO(text) char *id = call_query(call, "id", NULL);
    int64_t limit = call_query_number(call, "limit", PAGE_USUAL, PAGE_MOST);
    int64_t above = call_query_number(call, "cursor", 0, INT64_MAX);
    struct made_sandbox *sandbox;
    uint64_t last = 0;
    bool wanted;
    if (!labels || limit < 1 || above < 0 || !states_valid(call, &wanted)) {
        refuse(reply, 400, "the query is not valid");
        return;
    }
    reply->status = 200;
    buffer_add_text(&reply->body, "{\"items\":[");
    for (sandbox = TAILQ_FIRST(&service->made.order); sandbox;
         sandbox = TAILQ_NEXT(sandbox, order)) {
        if (!wanted || sandbox->serial <= (uint64_t)above || !made_matches(sandbox, labels) ||
            !begins(sandbox->name, name) || !begins(sandbox->id, id))
            continue;
        if (limit-- == 0)
            break;
        buffer_add_text(&reply->body, last ? "," : "");
        add_view(service, sandbox, "started", &reply->body);
        last = sandbox->serial;
    }
    if (sandbox)
        buffer_printf(&reply->body, "],\"nextCursor\":\"%" PRIu64 "\"}", last);
    else
        buffer_add_text(&reply->body, "],\"nextCursor\":null}");
}

/* ---- one sandbox ---------------------------------------------------------------------------- */

static void one(struct service *service, const struct call *call, const char *rest,
                struct reply *reply)
{
    char id[MADE_NAME];
    const char *slash = strchrnul(rest, '/');
    snprintf(id, sizeof id, "%.*s", (int)(slash - rest), rest);
    struct made_sandbox *sandbox = made_find(&service->made, id);
    sandbox = sandbox ? sandbox : made_named(&service->made, id);
    bool get = strcmp(call->method, "GET") == 0, post = strcmp(call->method, "POST") == 0;
    if (!sandbox && name_valid(id))
        reply_json(reply, 404,
                   "{\"statusCode\":404,\"error\":\"Not Found\","
                   "\"message\":\"Sandbox with ID or name %s not found\"}",
                   id);
    else if (!sandbox)
        refuse(reply, 404, "Sandbox not found");
    else if ((get && !*slash) || (post && strcmp(slash, "/start") == 0))
        show(service, sandbox, "started", reply);
    else if (get && strcmp(slash, "/toolbox-proxy-url") == 0)
        reply_json(reply, 200, "{\"url\":\"%s/toolbox\"}", service->inside);
    else if (strcmp(call->method, "DELETE") == 0 && !*slash) {
        show(service, sandbox, "destroying", reply);
        reply->cuts = sandbox->serial;
        made_remove(&service->made, sandbox);
    } else
        refuse(reply, 404, "there is no such route");
}

void daytona_answer(struct service *service, const struct call *call, struct reply *reply)
{
    if (call_is(call, "GET", "/api/config"))
        reply_json(reply, 200,
                   "{\"version\":\"0.190.0\",\"proxyToolboxUrl\":\"%s/toolbox\","
                   "\"proxyTemplateUrl\":\"%s/toolbox/{{sandboxId}}\","
                   "\"defaultSnapshot\":\"%s\"}",
                   service->inside, service->inside, images[0].name);
    else if (strncmp(call->path, "/api/socket.io/", 15) == 0)
        refuse(reply, 404, "events are not told here");
    else if (!daytona_knows(call))
        refuse(reply, 401, "Invalid credentials");
    else if (call_is(call, "POST", "/api/sandbox"))
        create(service, call, reply);
    else if (call_is(call, "GET", "/api/sandbox"))
        list(service, call, reply);
    else if (strncmp(call->path, "/api/sandbox/", 13) == 0)
        one(service, call, call->path + 13, reply);
    else
        refuse(reply, 404, "there is no such route");
}
