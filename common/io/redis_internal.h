/* What the files of the Redis module share and nobody else includes. */
#pragma once

#include <hiredis/hiredis.h>

#include "common/io/redis.h"
#include "common/io/redis_address.h"

#define REDIS_KEY_SIZE 256

struct redis {
    struct redis_address address;
    char *prefix;
    int command_ms;
    int timeout_ms; /* what the connection is set to now */
    redisContext *context;
};

void redis_key(const struct redis *redis, const char *name, char ret_key[REDIS_KEY_SIZE]);

/* Connected, and its timeout that of a plain command: before redisAppendCommand. */
bool redis_ready(struct redis *redis, struct error *err) MUST_CHECK;
/* A failed connection or command costs the connection: what was half read must not be taken for
 * the answer to the next command. Returns false. */
bool redis_give_up(struct redis *redis, const char *doing, struct error *err);

/* The next command opens another: for a connection that is left inside of something. */
void redis_disconnect(struct redis *redis);

/* The reply, or NULL with `err` set. `wait_ms` is how long the command itself
 * may block in the server. Caller frees with freeReplyObject. */
redisReply *redis_command(struct redis *redis, int wait_ms, int count, const char **args,
                          struct error *err);

/* Each entry is [id, [field, value]]; ours have one field. `ret_last_id` may be NULL. */
void redis_entries_read(const redisReply *entries, redis_event_fn *each, void *context,
                        char *ret_last_id);

/* XREAD BLOCK of one stream. */
struct redis_reader {
    char *last_id; /* REDIS_ID_SIZE; moves on */
    int wait_ms;
    redis_event_fn *each;
    void *context;
};
bool redis_stream_wait(struct redis *redis, const char *stream, struct redis_reader *reader,
                       struct error *err) MUST_CHECK;
