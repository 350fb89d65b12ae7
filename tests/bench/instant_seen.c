#include "tests/bench/instant_seen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/bench/instant_reply.h"

struct seen {
    enum call_role role;
    int status;
    int64_t began_us;
    int64_t took_us;
    char method[8];
    char path[128];
};

static struct seen calls[SEEN_MAX];
static uint64_t count;

static int64_t wall_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

uint64_t seen_begin(const struct call *call)
{
    struct seen *seen = &calls[count % SEEN_MAX];
    *seen = (struct seen){.role = call->role, .began_us = wall_us()};
    snprintf(seen->method, sizeof seen->method, "%s", call->method);
    snprintf(seen->path, sizeof seen->path, "%s", call->path);
    return count++;
}

void seen_end(uint64_t number, int status)
{
    struct seen *seen = &calls[number % SEEN_MAX];
    if (count - number > SEEN_MAX) /* its place is another's */
        return;
    seen->status = status;
    seen->took_us = wall_us() - seen->began_us;
}

void seen_tell(int64_t since_ms, struct buffer *out)
{
    uint64_t from = count > SEEN_MAX ? count - SEEN_MAX : 0;
    const char *comma = "";
    buffer_printf(out, "{\"count\":%" PRIu64 ",\"calls\":[", count);
    for (uint64_t number = from; number < count; number++) {
        const struct seen *seen = &calls[number % SEEN_MAX];
        if (seen->began_us <= since_ms * 1000 || strncmp(seen->path, "/_fake/", 7) == 0)
            continue;
        buffer_printf(out, "%s{\"role\":\"%s\",\"method\":", comma,
                      seen->role == CALL_API ? "api" : "inside");
        reply_add_string(out, seen->method);
        buffer_add_text(out, ",\"path\":");
        reply_add_string(out, seen->path);
        buffer_printf(out, ",\"status\":%d,\"beganMs\":%.3f,\"tookMs\":%.3f}", seen->status,
                      (double)seen->began_us / 1000, (double)seen->took_us / 1000);
        comma = ",";
    }
    buffer_add_text(out, "]}");
}
