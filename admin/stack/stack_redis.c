#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin/stack/child.h"
#include "admin/folders.h"
#include "admin/stack/stack.h"
#include "common/base/crypto.h"
#include "common/io/redis.h"

#define PING_MS 1000

/* redis-tools has the server too: Debian ships one binary under several names,
 * and it looks at argv[0]. */
static const char *find_program(void)
{
    static const char *const places[] = {"/usr/bin/redis-server", "/usr/bin/redis-check-rdb"};
    for (size_t i = 0; i < COUNT_OF(places); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

static bool answers(void *context)
{
    const struct stack *stack = context;
    struct error ignored;
    struct redis *redis = redis_new(stack->redis_url, "", PING_MS);
    bool good = redis_ping(redis, &ignored);
    redis_free(redis);
    return good;
}

bool stack_start_redis(struct stack *stack, struct error *err)
{
    const char *program = find_program();
    if (!program)
        return fail(err, ERR_INTERNAL, "Redis is not installed: run make deps");
    /* The folder of sockets can be passed but not listed: the name is the key. */
    uint8_t random[8];
    char key[2 * sizeof random + 1];
    crypto_random(random, sizeof random);
    hex_encode(random, sizeof random, key);
    AUTO(buffer) struct buffer socket = {0};
    AUTO(buffer) struct buffer url = {0};
    buffer_printf(&socket, "%s/redis-%s", stack->data.run, key);
    buffer_printf(&url, "unix://%s", socket.data);
    stack->redis_url = memory_text(url.data);
    const char *const words[] = {"redis-server",
                                 "--port",
                                 "0",
                                 "--unixsocket",
                                 socket.data,
                                 "--unixsocketperm",
                                 "777",
                                 "--dir",
                                 stack->data.run,
                                 "--save",
                                 "",
                                 "--appendonly",
                                 "no",
                                 "--maxmemory",
                                 "64mb",
                                 "--maxmemory-policy",
                                 "noeviction",
                                 "--daemonize",
                                 "no",
                                 NULL};
    struct child plan;
    child_name(&plan, "redis", RANK_QUEUE);
    child_program(&plan, program, words);
    environment_set(&plan.environment, "PATH", "/usr/bin:/bin");
    plan.account = stack->data.database;
    plan.restarts = !stack->options.control; /* a test says when */
    struct child *child = supervisor_add(stack->supervisor, &plan);
    return supervisor_start(stack->supervisor, child, err) &&
           supervisor_wait(stack->supervisor, child, answers, stack, err);
}
