/* The control plane of the E2B that is played. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "tests/bench/instant_service.h"

#define KEY "e2b_0123456789abcdef0123456789abcdef01234567"
#define ENVD_VERSION "0.6.13"
#define SECONDS_MOST 3600
#define PAGE_MOST 100

static const char *const images[] = {"code-interpreter-v1", "base"};

static void refuse(struct reply *reply, int status, const char *message)
{
    reply_json(reply, status, "{\"code\":%d,\"message\":\"%s\"}", status, message);
}

void e2b_env(const struct service *service, struct buffer *out)
{
    buffer_printf(out,
                  "{\"E2B_API_KEY\":\"" KEY "\",\"E2B_API_URL\":\"%s\",\"E2B_SANDBOX_URL\":\"%s\"}",
                  service->url, service->inside);
}

static json_t *body_of(const struct call *call)
{
    json_t *root = NULL;
    struct error err;
    return json_read_object(call->body, &root, &err) ? root : NULL;
}

/* ---- create --------------------------------------------------------------------------------- */

/* "code-interpreter-v1" or "code-interpreter-v1:tag". */
static const char *image_of(const char *name)
{
    size_t len = strcspn(name, ":");
    for (size_t i = 0; i < COUNT_OF(images); i++)
        if (strlen(images[i]) == len && strncmp(images[i], name, len) == 0)
            return images[i];
    return NULL;
}

static void tell_made(const struct made_sandbox *sandbox, int status, struct reply *reply)
{
    char quoted[72] = "null";
    if (sandbox->token[0])
        snprintf(quoted, sizeof quoted, "\"%s\"", sandbox->token);
    reply_json(reply, status,
               "{\"templateID\":\"%s\",\"sandboxID\":\"%s\",\"clientID\":\"instant\","
               "\"alias\":\"%s\",\"envdVersion\":\"" ENVD_VERSION "\",\"domain\":null,"
               "\"envdAccessToken\":%s,\"trafficAccessToken\":%s}",
               sandbox->image, sandbox->id, sandbox->image, quoted,
               sandbox->private_port ? quoted : "null");
}

static void create(struct service *service, const struct call *call, struct reply *reply)
{
    AUTO(json) json_t *body = body_of(call);
    const char *template = json_text_of(body, "templateID");
    json_t *metadata = json_object_get(body, "metadata");
    const json_t *open = json_object_get(json_object_get(body, "network"), "allowPublicTraffic");
    int64_t seconds = json_integer_of(body, "timeout", 300);
    bool secure = call_is(call, "POST", "/v2/sandboxes") || json_flag(body, "secure");
    if (!template || (metadata && !made_labels_valid(metadata)) || seconds < 0 ||
        seconds > SECONDS_MOST || (json_is_false(open) && !secure)) {
        refuse(reply, 400, "the body is not valid");
        return;
    }
    const char *image = image_of(template);
    struct made_sandbox *sandbox = image ? made_add(&service->made, false, "", metadata) : NULL;
    if (!sandbox) {
        refuse(reply, image ? 429 : 404, image ? "too many sandboxes" : "template not found");
        return;
    }
    sandbox->image = image;
    sandbox->ends_ms = clock_wall_ms() + 1000 * seconds;
    sandbox->private_port = json_is_false(open);
    if (secure)
        snprintf(sandbox->token, sizeof sandbox->token, "%064" PRIx64, sandbox->serial);
    tell_made(sandbox, 201, reply);
}

/* ---- list and look -------------------------------------------------------------------------- */

static void add_listed(const struct made_sandbox *sandbox, struct buffer *out)
{
    char ends[25];
    clock_format(sandbox->ends_ms, ends);
    buffer_printf(out,
                  "{\"templateID\":\"%s\",\"sandboxID\":\"%s\",\"clientID\":\"instant\","
                  "\"alias\":\"%s\",\"cpuCount\":2,\"memoryMB\":512,\"diskSizeMB\":10240,"
                  "\"metadata\":%s,\"state\":\"running\",\"envdVersion\":\"" ENVD_VERSION "\","
                  "\"startedAt\":\"%s\",\"endAt\":\"%s\"}",
                  sandbox->image, sandbox->id, sandbox->image, sandbox->labels_text,
                  sandbox->created, ends);
}

/* "key=value&key=value": the query was decoded once, the whole text is decoded again, and each key
 * and value a third time. NULL when it can not be. */
static json_t *filter_of(const struct call *call)
{
    AUTO(text) char *text = call_query(call, "metadata", NULL);
    AUTO(json) json_t *filter = json_object();
    if (text && !call_decode(text))
        return NULL;
    char *rest = text;
    for (char *pair; rest && (pair = strsep(&rest, "&"));) {
        char *value = strchr(pair, '=');
        if (value)
            *value++ = '\0';
        if (!call_decode(pair) || (value && !call_decode(value)))
            return NULL;
        if (*pair && json_object_set_new(filter, pair, json_string(value ? value : "")) != 0)
            return NULL;
    }
    return TAKE(filter);
}

/* All that there are run. */
static bool wants_running(const struct call *call)
{
    AUTO(text) char *states = call_query(call, "state", NULL);
    return !states || strstr(states, "running");
}

/* Newest first; a page goes on below the serial that the last one ended with. */
static void list(struct service *service, const struct call *call, struct reply *reply)
{
    AUTO(json) json_t *filter = filter_of(call);
    int64_t limit = call_query_number(call, "limit", PAGE_MOST, PAGE_MOST);
    int64_t below = call_query_number(call, "nextToken", INT64_MAX, INT64_MAX);
    struct made_sandbox *sandbox;
    uint64_t last = 0;
    if (!filter || limit < 1 || below < 0) {
        refuse(reply, 400, "the query is not valid");
        return;
    }
    reply->status = 200;
    buffer_add_text(&reply->body, "[");
    for (sandbox = TAILQ_LAST(&service->made.order, made_order); sandbox;
         sandbox = TAILQ_PREV(sandbox, made_order, order)) {
        if (sandbox->serial >= (uint64_t)below || !wants_running(call) ||
            !made_matches(sandbox, filter))
            continue;
        if (limit-- == 0) {
            snprintf(reply->header, sizeof reply->header, "X-Next-Token: %" PRIu64, last);
            break;
        }
        buffer_add_text(&reply->body, last ? "," : "");
        add_listed(sandbox, &reply->body);
        last = sandbox->serial;
    }
    buffer_add_text(&reply->body, "]");
}

static void look(const struct made_sandbox *sandbox, struct reply *reply)
{
    reply->status = 200;
    add_listed(sandbox, &reply->body);
    reply->body.len--; /* goes on */
    buffer_printf(
        &reply->body,
        ",\"domain\":null,\"envdAccessToken\":\"%s\",\"allowInternetAccess\":true,"
        "\"volumeMounts\":[],\"lifecycle\":{\"autoResume\":false,\"onTimeout\":\"kill\"}}",
        sandbox->token);
}

/* ---- one sandbox ---------------------------------------------------------------------------- */

static void keep_alive(struct made_sandbox *sandbox, const struct call *call, struct reply *reply)
{
    AUTO(json) json_t *body = body_of(call);
    int64_t seconds = json_integer_of(body, "timeout", -1);
    if (seconds < 0 || seconds > SECONDS_MOST) {
        refuse(reply, 400, "property timeout is not valid");
        return;
    }
    sandbox->ends_ms = clock_wall_ms() + 1000 * seconds;
    reply->status = 204;
}

static void one(struct service *service, const struct call *call, const char *rest,
                struct reply *reply)
{
    char id[64];
    const char *slash = strchrnul(rest, '/');
    snprintf(id, sizeof id, "%.*s", (int)(slash - rest), rest);
    struct made_sandbox *sandbox = made_find(&service->made, id);
    bool post = strcmp(call->method, "POST") == 0;
    if (!sandbox)
        refuse(reply, 404, "there is no such sandbox");
    else if (!*slash && strcmp(call->method, "GET") == 0)
        look(sandbox, reply);
    else if (!*slash && strcmp(call->method, "DELETE") == 0) {
        reply->status = 204;
        reply->cuts = sandbox->serial;
        made_remove(&service->made, sandbox);
    } else if (post && strcmp(slash, "/timeout") == 0)
        keep_alive(sandbox, call, reply);
    else if (post && strcmp(slash, "/connect") == 0)
        tell_made(sandbox, 200, reply);
    else
        refuse(reply, 404, "no matching operation was found");
}

void e2b_answer(struct service *service, const struct call *call, struct reply *reply)
{
    const char *key = call->headers[CALL_KEY];
    const char *path = call->path;
    if (!key || strcmp(key, KEY) != 0) {
        refuse(reply, 401, "Unauthorized, please check your credentials.");
        return;
    }
    if (strncmp(path, "/v2/", 4) == 0)
        path += 3;
    if (call_is(call, "POST", call->path) && strcmp(path, "/sandboxes") == 0)
        create(service, call, reply);
    else if (call_is(call, "GET", call->path) && strcmp(path, "/sandboxes") == 0)
        list(service, call, reply);
    else if (strncmp(path, "/sandboxes/", 11) == 0)
        one(service, call, path + 11, reply);
    else
        refuse(reply, 404, "no matching operation was found");
}
