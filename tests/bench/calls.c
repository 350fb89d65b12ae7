#include "tests/bench/calls.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/json.h"

#define BATCH 50
#define LINES 32 /* of 64 bytes: 2 KiB of code */
#define LIVES "lives:"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

bool calls_open(struct calls *calls, const char *authorization, const char *what)
{
    *calls = (struct calls){.authorization = authorization,
                            .random = (uint64_t)clock_wall_ms() * 2654435761u + 1};
    if (strcmp(what, "submit") == 0)
        calls->batch = 1;
    else if (strcmp(what, "batch") == 0)
        calls->batch = BATCH;
    else if (strncmp(what, LIVES, sizeof LIVES - 1) == 0) {
        calls->batch = 1;
        calls->reviewer = what + sizeof LIVES - 1;
    } else
        calls->file = fopen(what, "r");
    return calls->batch || calls->file;
}

static uint64_t draw(struct calls *calls)
{
    calls->random ^= calls->random << 13;
    calls->random ^= calls->random >> 7;
    calls->random ^= calls->random << 17;
    return calls->random;
}

/* Python that is all comment: 2 KiB of letters that no compressor makes shorter
 * by much, and never the same twice. */
static void add_submission(struct calls *calls)
{
    buffer_add_text(&calls->body, "{\"title\":\"bench\",\"language\":\"python\",\"code\":\"");
    for (int line = 0; line < LINES; line++) {
        char text[66] = "# ";
        for (size_t i = 2; i < 63; i++)
            text[i] = LETTERS[draw(calls) >> 58];
        text[63] = '\\';
        text[64] = 'n';
        buffer_add(&calls->body, text, 65);
    }
    buffer_add_text(&calls->body, "\"}");
}

static const char *next_body(struct calls *calls)
{
    buffer_clear(&calls->body);
    if (calls->batch == 1) {
        add_submission(calls);
        return "/api/requests";
    }
    if (calls->batch) {
        buffer_add_text(&calls->body, "{\"requests\":[");
        for (size_t i = 0; i < calls->batch; i++) {
            buffer_add_text(&calls->body, i ? "," : "");
            add_submission(calls);
        }
        buffer_add_text(&calls->body, "]}");
        return "/api/requests:batch";
    }
    ssize_t len = getline(&calls->line, &calls->line_size, calls->file);
    char *tab = len > 0 ? strchr(calls->line, '\t') : NULL;
    if (!tab)
        return NULL;
    *tab = 0;
    buffer_add(&calls->body, tab + 1, strcspn(tab + 1, "\n"));
    return calls->line;
}

static void add_call(struct buffer *out, const char *path, const char *authorization,
                     const struct buffer *body)
{
    buffer_printf(out,
                  "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: %s\r\n"
                  "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                  path, authorization, body->len);
    buffer_add(out, body->data, body->len);
}

bool calls_next(struct calls *calls, struct buffer *out)
{
    const char *path = next_body(calls);
    if (!path)
        return false;
    add_call(out, path, calls->authorization, &calls->body);
    return true;
}

bool calls_follow(struct calls *calls, const char *answer, struct buffer *out)
{
    const char *body = strstr(answer, "\r\n\r\n");
    AUTO(json) json_t *made = calls->reviewer && body ? json_loads(body, 0, NULL) : NULL;
    const char *sha256 = json_text_of(made, "bundle_sha256");
    if (!sha256)
        return false;
    char path[64];
    snprintf(path, sizeof path, "/api/requests/%lld/decisions",
             (long long)json_integer_of(made, "id", 0));
    buffer_clear(&calls->body);
    buffer_printf(&calls->body,
                  "{\"verdict\":\"approve\",\"undo_seconds\":0,\"revision\":%lld,"
                  "\"bundle_sha256\":\"%s\"}",
                  (long long)json_integer_of(made, "revision", 0), sha256);
    add_call(out, path, calls->reviewer, &calls->body);
    return true;
}
