#include "common/io/redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/io/redis_internal.h"

#define QUEUES_MAX 8
#define HINTS_AT_ONCE 64
#define EVENTS_PER_READ "500"

struct redis *redis_new(const char *url, const char *prefix, int command_ms)
{
    struct redis *redis = memory_new(1, sizeof *redis);
    redis->address = redis_address_parse(url);
    redis->prefix = memory_text(prefix);
    redis->command_ms = command_ms;
    return redis;
}

void redis_disconnect(struct redis *redis)
{
    if (redis->context)
        redisFree(redis->context);
    redis->context = NULL;
}

void redis_free(struct redis *redis)
{
    if (!redis)
        return;
    redis_disconnect(redis);
    explicit_bzero(&redis->address, sizeof redis->address);
    free(redis->prefix);
    free(redis);
}

static struct timeval milliseconds(int ms)
{
    return (struct timeval){ms / 1000, ms % 1000 * 1000};
}

bool redis_give_up(struct redis *redis, const char *doing, struct error *err)
{
    const char *why = redis->context && *redis->context->errstr ? redis->context->errstr : "lost";
    fail(err, ERR_UNAVAILABLE, "Redis, %s: %s", doing, why);
    redis_disconnect(redis);
    return false;
}

static bool send_password(struct redis *redis, struct error *err)
{
    if (!*redis->address.password)
        return true;
    redisReply *reply = redisCommand(redis->context, "AUTH %s", redis->address.password);
    bool fine = reply && reply->type == REDIS_REPLY_STATUS;
    if (reply)
        freeReplyObject(reply);
    return fine || redis_give_up(redis, "signing in", err);
}

static bool connect_when_needed(struct redis *redis, struct error *err)
{
    if (redis->context)
        return true;
    if (!redis->address.valid)
        return fail(err, ERR_UNAVAILABLE, "REDIS_URL is empty or no address of Redis");
    struct timeval timeout = milliseconds(redis->command_ms);
    const struct redis_address *to = &redis->address;
    redis->context = to->port ? redisConnectWithTimeout(to->host, to->port, timeout)
                              : redisConnectUnixWithTimeout(to->host, timeout);
    if (!redis->context || redis->context->err)
        return redis_give_up(redis, "connecting", err);
    redisSetTimeout(redis->context, timeout);
    redis->timeout_ms = redis->command_ms;
    return send_password(redis, err);
}

static void wait_at_most(struct redis *redis, int timeout_ms)
{
    if (redis->timeout_ms != timeout_ms)
        redisSetTimeout(redis->context, milliseconds(timeout_ms));
    redis->timeout_ms = timeout_ms;
}

bool redis_ready(struct redis *redis, struct error *err)
{
    if (!connect_when_needed(redis, err))
        return false;
    wait_at_most(redis, redis->command_ms);
    return true;
}

redisReply *redis_command(struct redis *redis, int wait_ms, int count, const char **args,
                          struct error *err)
{
    if (!connect_when_needed(redis, err))
        return NULL;
    wait_at_most(redis, redis->command_ms + wait_ms);
    redisReply *reply = redisCommandArgv(redis->context, count, args, NULL);
    if (reply && reply->type != REDIS_REPLY_ERROR)
        return reply;
    if (!reply) {
        redis_give_up(redis, args[0], err);
        return NULL;
    }
    fail(err, ERR_UNAVAILABLE, "Redis, %s: %s", args[0], reply->str);
    freeReplyObject(reply);
    return NULL;
}

static bool command_done(struct redis *redis, int count, const char **args, struct error *err)
{
    redisReply *reply = redis_command(redis, 0, count, args, err);
    if (!reply)
        return false;
    freeReplyObject(reply);
    return true;
}

void redis_key(const struct redis *redis, const char *name, char ret_key[REDIS_KEY_SIZE])
{
    snprintf(ret_key, REDIS_KEY_SIZE, "%s%s", redis->prefix, name);
}

bool redis_ping(struct redis *redis, struct error *err)
{
    return command_done(redis, 1, (const char *[]){"PING"}, err);
}

static void append_hint(struct redis *redis, const struct redis_hint *hint)
{
    char key[REDIS_KEY_SIZE], number[24];
    if (hint->event) {
        redis_key(redis, "events", key);
        snprintf(number, sizeof number, "%d", REDIS_EVENTS_KEPT);
        const char *args[] = {"XADD", key, "MAXLEN", "~", number, "*", "event", hint->event};
        redisAppendCommandArgv(redis->context, COUNT_OF(args), args, NULL);
    } else {
        redis_key(redis, hint->queue, key);
        snprintf(number, sizeof number, "%" PRId64, hint->id);
        redisAppendCommandArgv(redis->context, 3, (const char *[]){"LPUSH", key, number}, NULL);
    }
}

/* Nobody takes from some lists, such as the reviewers' feed. */
static bool cut_list(struct redis *redis, const char *queue, struct error *err)
{
    char key[REDIS_KEY_SIZE], last[24];
    redis_key(redis, queue, key);
    snprintf(last, sizeof last, "%d", REDIS_HINTS_KEPT - 1);
    return command_done(redis, 4, (const char *[]){"LTRIM", key, "0", last}, err);
}

bool redis_send(struct redis *redis, const struct redis_hint *hints, size_t count,
                struct error *err)
{
    const char *too_long = NULL;
    bool fine = true;
    if (!redis_ready(redis, err))
        return false;
    for (size_t i = 0; i < count; i++)
        append_hint(redis, &hints[i]);
    for (size_t i = 0; i < count; i++) {
        redisReply *reply = NULL;
        if (redisGetReply(redis->context, (void **)&reply) != REDIS_OK || !reply)
            return redis_give_up(redis, "sending", err);
        if (reply->type == REDIS_REPLY_ERROR)
            fine = fail(err, ERR_UNAVAILABLE, "Redis, sending: %s", reply->str);
        else if (!hints[i].event && reply->integer > 2 * REDIS_HINTS_KEPT)
            too_long = hints[i].queue;
        freeReplyObject(reply);
    }
    return fine && (!too_long || cut_list(redis, too_long, err));
}

bool redis_push(struct redis *redis, const char *queue, const int64_t *ids, size_t count,
                struct error *err)
{
    struct redis_hint hints[HINTS_AT_ONCE];
    while (count > 0) {
        size_t some = count < HINTS_AT_ONCE ? count : HINTS_AT_ONCE;
        for (size_t i = 0; i < some; i++)
            hints[i] = (struct redis_hint){.queue = queue, .id = ids[i]};
        if (!redis_send(redis, hints, some, err))
            return false;
        ids += some;
        count -= some;
    }
    return true;
}

/* A positive decimal number and nothing else. */
static bool id_parse(const redisReply *item, int64_t *ret_id)
{
    if (item->type != REDIS_REPLY_STRING || item->len == 0 || item->len > 18)
        return false;
    int64_t id = 0;
    for (size_t i = 0; i < item->len; i++) {
        if (item->str[i] < '0' || item->str[i] > '9')
            return false;
        id = id * 10 + (item->str[i] - '0');
    }
    *ret_id = id;
    return id > 0;
}

static void ids_read(const redisReply *reply, struct redis_ids *io_ids)
{
    io_ids->count = 0;
    io_ids->forged = 0;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return;
    const redisReply *items = reply->element[1];
    for (size_t i = 0; i < items->elements && io_ids->count < io_ids->max; i++) {
        if (id_parse(items->element[i], &io_ids->list[io_ids->count]))
            io_ids->count++;
        else
            io_ids->forged++;
    }
}

bool redis_pop(struct redis *redis, const char *const *queues, size_t queue_count, int wait_ms,
               struct redis_ids *io_ids, struct error *err)
{
    char keys[QUEUES_MAX][REDIS_KEY_SIZE];
    char wait[24], numkeys[8], most[24];
    const char *args[QUEUES_MAX + 8];
    int n = 0;
    if (queue_count > QUEUES_MAX)
        return fail(err, ERR_INTERNAL, "more than %d queues", QUEUES_MAX);
    snprintf(wait, sizeof wait, "%d.%03d", wait_ms / 1000, wait_ms % 1000);
    snprintf(numkeys, sizeof numkeys, "%zu", queue_count);
    snprintf(most, sizeof most, "%zu", io_ids->max);
    args[n++] = "BLMPOP";
    args[n++] = wait;
    args[n++] = numkeys;
    for (size_t i = 0; i < queue_count; i++) {
        redis_key(redis, queues[i], keys[i]);
        args[n++] = keys[i];
    }
    args[n++] = "RIGHT";
    args[n++] = "COUNT";
    args[n++] = most;
    redisReply *reply = redis_command(redis, wait_ms, n, args, err);
    if (!reply)
        return false;
    ids_read(reply, io_ids);
    freeReplyObject(reply);
    return true;
}

bool redis_event_add(struct redis *redis, const char *json, struct error *err)
{
    return redis_send(redis, &(struct redis_hint){.event = json}, 1, err);
}

void redis_entries_read(const redisReply *entries, redis_event_fn *each, void *context,
                        char *ret_last_id)
{
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2)
            continue;
        const redisReply *id = entry->element[0];
        const redisReply *fields = entry->element[1];
        if (id->type != REDIS_REPLY_STRING || id->len >= REDIS_ID_SIZE)
            continue;
        if (ret_last_id)
            snprintf(ret_last_id, REDIS_ID_SIZE, "%s", id->str);
        if (fields->type == REDIS_REPLY_ARRAY && fields->elements == 2 &&
            fields->element[1]->type == REDIS_REPLY_STRING)
            each(context, id->str, fields->element[1]->str);
    }
}

bool redis_stream_wait(struct redis *redis, const char *stream, struct redis_reader *reader,
                       struct error *err)
{
    char key[REDIS_KEY_SIZE], wait[24];
    redis_key(redis, stream, key);
    snprintf(wait, sizeof wait, "%d", reader->wait_ms);
    const char *args[] = {"XREAD",   "COUNT", EVENTS_PER_READ, "BLOCK", wait,
                          "STREAMS", key,     reader->last_id};
    redisReply *reply = redis_command(redis, reader->wait_ms, COUNT_OF(args), args, err);
    if (!reply)
        return false;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2)
        redis_entries_read(reply->element[0]->element[1], reader->each, reader->context,
                           reader->last_id);
    freeReplyObject(reply);
    return true;
}

bool redis_events_wait(struct redis *redis, char io_last_id[REDIS_ID_SIZE], int wait_ms,
                       redis_event_fn *each, void *context, struct error *err)
{
    struct redis_reader reader = {io_last_id, wait_ms, each, context};
    return redis_stream_wait(redis, "events", &reader, err);
}

bool redis_events_tail(struct redis *redis, char ret_id[REDIS_ID_SIZE], struct error *err)
{
    char key[REDIS_KEY_SIZE];
    redis_key(redis, "events", key);
    const char *args[] = {"XREVRANGE", key, "+", "-", "COUNT", "1"};
    redisReply *reply = redis_command(redis, 0, COUNT_OF(args), args, err);
    if (!reply)
        return false;
    const char *id = "0-0";
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2)
        id = reply->element[0]->element[0]->str;
    snprintf(ret_id, REDIS_ID_SIZE, "%s", id);
    freeReplyObject(reply);
    return true;
}

/* Nothing was trimmed or lost when `last_id` itself is still in the stream. */
static bool find_gap(struct redis *redis, const char *key, const char *last_id, bool *ret_gap,
                     struct error *err)
{
    const char *args[] = {"XRANGE", key, last_id, "+", "COUNT", "1"};
    redisReply *reply = redis_command(redis, 0, COUNT_OF(args), args, err);
    if (!reply)
        return false;
    bool found = false;
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
        reply->element[0]->elements == 2) {
        const char *first = reply->element[0]->element[0]->str;
        found = !redis_id_is_later(first, last_id);
    }
    freeReplyObject(reply);
    *ret_gap = !found;
    return true;
}

bool redis_events_after(struct redis *redis, const char *last_id, redis_event_fn *each,
                        void *context, bool *ret_gap, struct error *err)
{
    char key[REDIS_KEY_SIZE], from[REDIS_ID_SIZE + 1], most[24];
    redis_key(redis, "events", key);
    if (!find_gap(redis, key, last_id, ret_gap, err))
        return false;
    if (*ret_gap)
        return true;
    snprintf(from, sizeof from, "(%s", last_id);
    snprintf(most, sizeof most, "%d", REDIS_REPLAY_MOST);
    const char *args[] = {"XRANGE", key, from, "+", "COUNT", most};
    redisReply *reply = redis_command(redis, 0, COUNT_OF(args), args, err);
    if (!reply)
        return false;
    *ret_gap = reply->elements == REDIS_REPLAY_MOST;
    redis_entries_read(reply, each, context, NULL);
    freeReplyObject(reply);
    return true;
}
