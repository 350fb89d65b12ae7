#include "policy/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/judge.h"

/* 1 when all was read, 0 at a clean end, -1 else. */
static int read_all(int fd, void *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = read(fd, (char *)data + done, len - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 && done == 0 ? 0 : -1;
        done += (size_t)got;
    }
    return 1;
}

static bool write_all(int fd, struct bytes data)
{
    size_t done = 0;
    while (done < data.len) {
        ssize_t put = write(fd, (const char *)data.data + done, data.len - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

static bool answer(int out, const json_t *json)
{
    AUTO(buffer) struct buffer frame = {0};
    AUTO(text) char *text = json_text(json);
    buffer_add_u32be(&frame, (uint32_t)strlen(text));
    buffer_add_text(&frame, text);
#ifdef COUNTED /* whoever has the answer may kill */
    counts_keep();
#endif
    return write_all(out, buffer_bytes(&frame));
}

static json_t *take_rules(struct rules **io_rules, struct bytes body)
{
    struct error err = {0};
    struct rules *rules = NULL;
    if (!rules_read(body, &rules, &err))
        return json_pack("{s:s, s:s}", "error", err.text, "field", err.field);
    rules_auto(io_rules);
    *io_rules = rules;
    return json_pack("{s:I}", "policy_version", (json_int_t)rules_version(rules));
}

static json_t *take_code(struct rules *rules, struct bytes body)
{
    const char *language = body.data, *end = body.len ? memchr(language, '\0', body.len) : NULL;
    if (!rules || !end)
        return json_pack("{s:s}", "error", rules ? "no language" : "no rules");
    size_t begin = (size_t)(end + 1 - language);
    return judge_code(rules, language, (struct bytes){end + 1, body.len - begin});
}

static bool serve_one(int in, int out, const uint8_t head[5], struct rules **io_rules)
{
    size_t len = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
    if (len > SERVE_FRAME_MAX || (head[0] != 'R' && head[0] != 'J'))
        return false;
    AUTO(text) char *data = memory_new(len + 1, 1);
    struct bytes body = {data, len};
    if (len && read_all(in, data, len) != 1)
        return false;
    AUTO(json)
    json_t *reply = head[0] == 'R' ? take_rules(io_rules, body) : take_code(*io_rules, body);
    return answer(out, reply);
}

bool serve(int in, int out)
{
    uint8_t head[5];
    int got;
    AUTO(rules) struct rules *rules = NULL;
    while ((got = read_all(in, head, sizeof head)) == 1)
        if (!serve_one(in, out, head, &rules))
            return false;
    return got == 0;
}
