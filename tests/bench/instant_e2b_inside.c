/* What answers inside the sandboxes of the E2B that is played: envd and the code interpreter. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/json.h"
#include "tests/bench/instant_form.h"
#include "tests/bench/instant_service.h"

#define ENVD_PORT "49983"
#define CODE_PORT "49999"

static void refuse(struct reply *reply, int status, const char *message)
{
    reply_json(reply, status, "{\"code\":%d,\"message\":\"%s\"}", status, message);
}

static bool bears(const struct call *call, enum call_header header, const char *token)
{
    const char *given = call->headers[header];
    return given && strcmp(given, token) == 0;
}

/* ---- the code interpreter ------------------------------------------------------------------- */

#define FLOOD_BYTES 4096

/* One line, written at once before anything is answered: when, where, the code's digest, and its
 * first line. */
static void log_start(const struct service *service, const struct made_sandbox *sandbox,
                      const char *code)
{
    AUTO(buffer) struct buffer line = {0};
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX];
    sha256(bytes_of(code), digest);
    hex_encode(digest, SHA256_SIZE, hex);
    buffer_printf(&line, "%" PRId64 " %s %s ", clock_wall_ms(),
                  json_text_of(sandbox->labels, "attempt"), hex);
    buffer_printf(&line, "%.*s\n", (int)strcspn(code, "\n"), code);
    if (write(service->log, line.data, line.len) != (ssize_t)line.len)
        perror("instant: the log of starts");
}

/* The last word of the first line, such as in "# 7 hold". */
static bool line_says(const char *code, const char *word)
{
    size_t len = strcspn(code, "\n"), size = strlen(word);
    return len > size && strncmp(code + len - size, word, size) == 0;
}

static void add_output(struct reply *reply, const char *text)
{
    AUTO(buffer) struct buffer line = {0};
    buffer_printf(&line,
                  "{\"type\":\"stdout\",\"text\":\"%s\\n\","
                  "\"timestamp\":\"2026-01-01T00:00:00.000000+00:00\"}\n",
                  text);
    reply_chunk(&reply->body, line.data);
}

/* "hold" runs until its sandbox is deleted, "flood" prints 4 KiB, "lost" breaks off. */
static void obey(const char *code, const struct made_sandbox *sandbox, struct reply *reply)
{
    char flood[FLOOD_BYTES + 1] = "";
    if (line_says(code, " hold"))
        reply->held_by = sandbox->serial;
    if (line_says(code, " flood")) {
        memset(flood, 'x', FLOOD_BYTES);
        add_output(reply, flood);
    }
    if (line_says(code, " lost"))
        reply_chunk(&reply->body, "{\"type\":\"error\",\"name\":\"WebSocketError\","
                                  "\"value\":\"\",\"traceback\":\"\"}\n");
}

static void execute(struct service *service, const struct made_sandbox *sandbox,
                    const struct call *call, struct reply *reply)
{
    AUTO(json) json_t *body = NULL;
    struct error err;
    if (!json_read_object(call->body, &body, &err) || !json_text_of(body, "code")) {
        reply_json(reply, 422,
                   "{\"detail\":[{\"loc\":[\"body\",\"code\"],\"msg\":\"Field required\","
                   "\"type\":\"missing\"}]}");
        return;
    }
    const char *code = json_text_of(body, "code");
    if (service->log >= 0)
        log_start(service, sandbox, code);
    reply->status = 200;
    reply->streams = true;
    reply_chunk(&reply->body, "{\"type\":\"number_of_executions\",\"execution_count\":1}\n");
    add_output(reply, "42");
    reply_chunk(&reply->rest, "{\"type\":\"end_of_execution\"}\n");
    reply_last_chunk(&reply->rest);
    reply->held_by = service->hold ? sandbox->serial : 0;
    if (service->log >= 0)
        obey(code, sandbox, reply);
}

static void code_port(struct service *service, const struct made_sandbox *sandbox,
                      const struct call *call, struct reply *reply)
{
    if (sandbox->private_port && !bears(call, CALL_TRAFFIC_TOKEN, sandbox->token))
        refuse(reply, 403, "the token is missing or wrong");
    else if (call_is(call, "POST", "/execute"))
        execute(service, sandbox, call, reply);
    else if (call_is(call, "GET", "/health"))
        reply_json(reply, 200, "\"OK\"");
    else
        reply_json(reply, 404, "{\"detail\":\"Not Found\"}");
}

/* ---- envd ----------------------------------------------------------------------------------- */

static void add_stored(struct buffer *out, const char *path)
{
    const char *slash = strrchr(path, '/');
    buffer_add_text(out, out->len ? ",{\"path\":" : "[{\"path\":");
    reply_add_string(out, path);
    buffer_add_text(out, ",\"name\":");
    reply_add_string(out, slash ? slash + 1 : path);
    buffer_add_text(out, ",\"type\":\"file\"}");
}

/* Says where each file would lie; keeps none. */
static void upload(const struct call *call, struct reply *reply)
{
    struct form form;
    struct form_part part;
    AUTO(text) char *path = call_query(call, "path", NULL);
    const char *type = call->headers[CALL_CONTENT_TYPE];
    reply->status = 200;
    if (type && strncmp(type, "application/octet-stream", 24) == 0) {
        if (path)
            add_stored(&reply->body, path);
    } else if (form_open(call->body, type, &form)) {
        while (form_next(&form, &part))
            if (strcmp(part.name, "file") == 0 && (path || part.filename[0]))
                add_stored(&reply->body, path ? path : part.filename);
    }
    if (reply->body.len > 0)
        buffer_add_text(&reply->body, "]");
    else
        refuse(reply, 400, "no file came");
}

static void envd_port(const struct made_sandbox *sandbox, const struct call *call,
                      struct reply *reply)
{
    if (call_is(call, "GET", "/health"))
        reply->status = 204;
    else if (sandbox->token[0] && !bears(call, CALL_ACCESS_TOKEN, sandbox->token))
        refuse(reply, 401, "the access token is missing or wrong");
    else if (call_is(call, "POST", "/files"))
        upload(call, reply);
    else if (call_is(call, "GET", "/files"))
        refuse(reply, 404, "there is no such file");
    else if (call_is(call, "POST", "/filesystem.Filesystem/ListDir"))
        reply_json(reply, 200, "{}");
    else
        refuse(reply, 404, "not found");
}

void e2b_inside(struct service *service, const struct call *call, struct reply *reply)
{
    const char *id = call->headers[CALL_SANDBOX_ID], *port = call->headers[CALL_SANDBOX_PORT];
    if (!id || !port) {
        refuse(reply, 400, "no sandbox is named");
        return;
    }
    const struct made_sandbox *sandbox = made_find(&service->made, id);
    if (!sandbox)
        refuse(reply, 502, "The sandbox was not found");
    else if (strcmp(port, ENVD_PORT) == 0)
        envd_port(sandbox, call, reply);
    else if (strcmp(port, CODE_PORT) == 0 && strcmp(sandbox->image, "base") != 0)
        code_port(service, sandbox, call, reply);
    else
        refuse(reply, 502, "The sandbox is running but port is not open");
}
