/* The toolbox of the sandboxes of the Daytona that is played. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/crypto.h"
#include "common/base/json.h"
#include "tests/bench/instant_form.h"
#include "tests/bench/instant_service.h"

#define COMMAND "command-"

static void refuse(struct reply *reply, int status, const char *message)
{
    reply_json(reply, status, "{\"statusCode\":%d,\"message\":\"%s\",\"code\":\"ERROR\"}", status,
               message);
}

static json_t *body_of(const struct call *call)
{
    json_t *root = NULL;
    struct error err;
    return json_read_object(call->body, &root, &err) ? root : NULL;
}

/* ---- files ---------------------------------------------------------------------------------- */

static void add_frame(struct buffer *out, const char *kind, const struct buffer *fields,
                      uint64_t size)
{
    buffer_add(out, kind, 1);
    buffer_add_u32be(out, (uint32_t)fields->len);
    buffer_add_u64be(out, size);
    buffer_add(out, fields->data, fields->len);
}

/* A results file that says: exit code 0, no items. */
static void add_results(struct buffer *out)
{
    static const char *const end[] = {"0", "", ""};
    AUTO(buffer) struct buffer fields = {0};
    uint8_t digest[SHA256_SIZE];
    add_frame(out, "S", &fields, 0);
    for (size_t i = 0; i < COUNT_OF(end); i++) {
        buffer_add_u32be(&fields, (uint32_t)strlen(end[i]));
        buffer_add_text(&fields, end[i]);
    }
    add_frame(out, "E", &fields, SHA256_SIZE);
    sha256(buffer_bytes(out), digest);
    buffer_add(out, digest, sizeof digest);
}

static void download(const struct call *call, struct reply *reply)
{
    AUTO(text) char *path = call_query(call, "path", NULL);
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (!slash || strcmp(slash, "/results.bin") != 0) {
        refuse(reply, path ? 404 : 400, path ? "no such file or directory" : "path is required");
        return;
    }
    reply->status = 200;
    reply->type = "application/octet-stream";
    add_results(&reply->body);
}

/* Says what would lie there; keeps none. The path of a file comes before it. */
static bool add_uploaded(struct form *form, struct buffer *out)
{
    struct form_part part;
    AUTO(text) char *path = NULL;
    while (form_next(form, &part)) {
        const char *what = strrchr(part.name, '.');
        if (what && strcmp(what, ".path") == 0) {
            free(path);
            path = strndup(part.data.data, part.data.len);
        } else if (!path) {
            return false;
        } else {
            buffer_add_text(out, out->len > 10 ? ",{\"path\":" : "{\"path\":");
            reply_add_string(out, path);
            buffer_printf(out, ",\"bytes\":%zu}", part.data.len);
        }
    }
    return out->len > 10;
}

static void upload(const struct call *call, struct reply *reply)
{
    struct form form;
    reply->status = 200;
    buffer_add_text(&reply->body, "{\"files\":[");
    if (form_open(call->body, call->headers[CALL_CONTENT_TYPE], &form) &&
        add_uploaded(&form, &reply->body)) {
        buffer_add_text(&reply->body, "]}");
        return;
    }
    buffer_clear(&reply->body);
    refuse(reply, 400, "request is not a whole multipart/form-data");
}

/* ---- sessions ------------------------------------------------------------------------------- */

static struct made_session *session_of(struct made_sandbox *sandbox, const char *id)
{
    for (size_t i = 0; i < sandbox->session_count; i++)
        if (strcmp(sandbox->sessions[i].id, id) == 0)
            return &sandbox->sessions[i];
    return NULL;
}

static bool is_over(const struct service *service, const struct made_command *command)
{
    return !service->hold || command->round < service->round;
}

static void open_session(struct made_sandbox *sandbox, const struct call *call, struct reply *reply)
{
    AUTO(json) json_t *body = body_of(call);
    const char *id = json_text_of(body, "sessionId");
    if (!id || !*id || strlen(id) >= MADE_NAME || strpbrk(id, "/\"\\")) {
        refuse(reply, 400, "sessionId is required");
    } else if (session_of(sandbox, id)) {
        refuse(reply, 409, "session already exists");
    } else if (sandbox->session_count == MADE_SESSIONS) {
        refuse(reply, 400, "too many sessions");
    } else {
        struct made_session *session = &sandbox->sessions[sandbox->session_count++];
        *session = (struct made_session){0};
        snprintf(session->id, sizeof session->id, "%s", id);
        reply->status = 201;
    }
}

static void close_session(struct made_sandbox *sandbox, struct made_session *session,
                          struct reply *reply)
{
    *session = sandbox->sessions[--sandbox->session_count];
    reply->status = 204;
}

static void add_command(const struct service *service, const struct made_session *session,
                        size_t place, struct buffer *out)
{
    buffer_printf(out, "{\"id\":\"" COMMAND "%zu\",\"command\":\"\"%s}", place,
                  is_over(service, &session->commands[place]) ? ",\"exitCode\":0" : "");
}

static void tell_session(const struct service *service, const struct made_session *session,
                         struct reply *reply)
{
    reply_json(reply, 200, "{\"sessionId\":\"%s\",\"commands\":[", session->id);
    for (size_t i = 0; i < session->count; i++) {
        buffer_add_text(&reply->body, i ? "," : "");
        add_command(service, session, i, &reply->body);
    }
    buffer_add_text(&reply->body, "]}");
}

/* Each stream ends with the mark where the command was told to leave one. */
static void add_logs(const struct service *service, const struct made_command *command,
                     struct buffer *out)
{
    bool mark = command->marked && is_over(service, command);
    const char *ends = mark ? "\\u001e\\n" : "";
    buffer_printf(out,
                  "\"output\":\"\\u0001\\u0001\\u000142\\n%s%s\",\"stdout\":\"42\\n%s\","
                  "\"stderr\":\"%s\"",
                  mark ? "\\u0001\\u0001\\u0001\\u001e\\n" : "",
                  mark ? "\\u0002\\u0002\\u0002\\u001e\\n" : "", ends, ends);
}

static void exec(struct service *service, const struct made_sandbox *sandbox,
                 struct made_session *session, const struct call *call, struct reply *reply)
{
    static const char mark[] = " mark";
    AUTO(json) json_t *body = body_of(call);
    const char *text = json_text_of(body, "command");
    size_t len = text ? strlen(text) : 0;
    if (len == 0 || session->count == MADE_COMMANDS) {
        refuse(reply, 400, len == 0 ? "command cannot be empty" : "too many commands");
        return;
    }
    size_t place = session->count++;
    struct made_command *command = &session->commands[place];
    bool marked = len >= sizeof mark && strcmp(text + len - strlen(mark), mark) == 0;
    *command = (struct made_command){.marked = marked, .round = service->round};
    if (json_flag(body, "runAsync")) {
        reply_json(reply, 202, "{\"cmdId\":\"" COMMAND "%zu\"}", place);
        return;
    }
    reply->held_by = service->hold ? sandbox->serial : 0;
    reply_json(reply, 200, "{\"cmdId\":\"" COMMAND "%zu\",\"exitCode\":0,", place);
    add_logs(service, command, &reply->body);
    buffer_add_text(&reply->body, "}");
}

/* "/command/ID" or "/command/ID/logs" */
static void command(const struct service *service, const struct made_session *session,
                    const char *path, struct reply *reply)
{
    static const char start[] = "/command/" COMMAND;
    const char *digit = path + sizeof start - 1;
    size_t place = MADE_COMMANDS;
    if (strncmp(path, start, sizeof start - 1) == 0 && *digit >= '0' && *digit <= '9')
        place = (size_t)(*digit - '0');
    const char *rest = place < session->count ? digit + 1 : NULL;
    if (!rest) {
        refuse(reply, 404, "command not found");
    } else if (!*rest) {
        reply->status = 200;
        add_command(service, session, place, &reply->body);
    } else if (strcmp(rest, "/logs") == 0) {
        reply->status = 200;
        buffer_add_text(&reply->body, "{");
        add_logs(service, &session->commands[place], &reply->body);
        buffer_add_text(&reply->body, "}");
    } else {
        refuse(reply, 404, "not found");
    }
}

/* Behind "/process/session/". */
static void in_session(struct service *service, struct made_sandbox *sandbox,
                       const struct call *call, const char *path, struct reply *reply)
{
    char id[MADE_NAME];
    const char *slash = strchrnul(path, '/');
    snprintf(id, sizeof id, "%.*s", (int)(slash - path), path);
    struct made_session *session = session_of(sandbox, id);
    bool get = strcmp(call->method, "GET") == 0;
    if (!session)
        refuse(reply, 404, "session not found");
    else if (get && !*slash)
        tell_session(service, session, reply);
    else if (get)
        command(service, session, slash, reply);
    else if (strcmp(call->method, "POST") == 0 && strcmp(slash, "/exec") == 0)
        exec(service, sandbox, session, call, reply);
    else if (strcmp(call->method, "DELETE") == 0 && !*slash)
        close_session(sandbox, session, reply);
    else
        refuse(reply, 404, "not found");
}

/* ---- without a session ---------------------------------------------------------------------- */

static void run(struct service *service, const struct made_sandbox *sandbox,
                const struct call *call, const char *field, struct reply *reply)
{
    AUTO(json) json_t *body = body_of(call);
    const char *text = json_text_of(body, field);
    if (!text || !*text) {
        refuse(reply, 400, "there is nothing to run");
        return;
    }
    reply->held_by = service->hold ? sandbox->serial : 0;
    reply_json(reply, 200, "{\"exitCode\":0,\"result\":\"42\\n\"}");
}

void daytona_inside(struct service *service, const struct call *call, struct reply *reply)
{
    static const char start[] = "/toolbox/", session[] = "/process/session/";
    char id[64];
    const char *at =
        strncmp(call->path, start, sizeof start - 1) == 0 ? call->path + sizeof start - 1 : NULL;
    const char *path = at ? strchrnul(at, '/') : "";
    snprintf(id, sizeof id, "%.*s", at ? (int)(path - at) : 0, at ? at : "");
    struct made_sandbox *sandbox = made_find(&service->made, id);
    bool get = strcmp(call->method, "GET") == 0, post = strcmp(call->method, "POST") == 0;
    if (!daytona_knows(call))
        refuse(reply, 401, "unauthorized");
    else if (!sandbox)
        refuse(reply, 404, "sandbox not found");
    else if (strncmp(path, session, sizeof session - 1) == 0)
        in_session(service, sandbox, call, path + sizeof session - 1, reply);
    else if (post && strcmp(path, "/process/session") == 0)
        open_session(sandbox, call, reply);
    else if (post && strcmp(path, "/process/code-run") == 0)
        run(service, sandbox, call, "code", reply);
    else if (post && strcmp(path, "/process/execute") == 0)
        run(service, sandbox, call, "command", reply);
    else if (post && strcmp(path, "/files/bulk-upload") == 0)
        upload(call, reply);
    else if (get && strcmp(path, "/files/download") == 0)
        download(call, reply);
    else
        refuse(reply, 404, "not found");
}
