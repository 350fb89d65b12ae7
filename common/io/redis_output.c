#include "common/io/redis_output.h"

#include <stdio.h>

#include "common/io/redis_internal.h"

#define STREAM "output"

static void append_piece(struct redis *redis, const char *piece)
{
    char key[REDIS_KEY_SIZE], most[24];
    redis_key(redis, STREAM, key);
    snprintf(most, sizeof most, "%d", REDIS_OUTPUT_KEPT);
    const char *args[] = {"XADD", key, "MAXLEN", "~", most, "*", STREAM, piece};
    redisAppendCommandArgv(redis->context, COUNT_OF(args), args, NULL);
}

bool redis_output_send(struct redis *redis, char *const *pieces, size_t count, struct error *err)
{
    bool fine = true;
    if (!redis_ready(redis, err))
        return false;
    for (size_t i = 0; i < count; i++)
        append_piece(redis, pieces[i]);
    for (size_t i = 0; i < count; i++) {
        redisReply *reply = NULL;
        if (redisGetReply(redis->context, (void **)&reply) != REDIS_OK || !reply)
            return redis_give_up(redis, "sending output", err);
        if (reply->type == REDIS_REPLY_ERROR)
            fine = fail(err, ERR_UNAVAILABLE, "Redis, sending output: %s", reply->str);
        freeReplyObject(reply);
    }
    return fine;
}

bool redis_output_wait(struct redis *redis, char io_last_id[REDIS_ID_SIZE], int wait_ms,
                       redis_event_fn *each, void *context, struct error *err)
{
    struct redis_reader reader = {io_last_id, wait_ms, each, context};
    return redis_stream_wait(redis, STREAM, &reader, err);
}
