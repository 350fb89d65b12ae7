#include "common/io/redis_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/io/redis_internal.h"

/* A command over several keys. */
struct keys {
    char names[REDIS_KEYS_MAX][REDIS_KEY_SIZE];
    const char *args[REDIS_KEYS_MAX + 1];
    int count;
};

static void keys_of(const struct redis *redis, const char *verb, const char *const *names,
                    size_t count, struct keys *ret_keys)
{
    ret_keys->count = 0;
    ret_keys->args[ret_keys->count++] = verb;
    for (size_t i = 0; i < count && i < REDIS_KEYS_MAX; i++) {
        redis_key(redis, names[i], ret_keys->names[i]);
        ret_keys->args[ret_keys->count++] = ret_keys->names[i];
    }
}

static const char *text_of(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_STRING ? reply->str : "";
}

bool redis_values(struct redis *redis, const char *const *names, size_t count,
                  char ret_values[][REDIS_VALUE_SIZE], struct error *err)
{
    struct keys keys;
    keys_of(redis, "MGET", names, count, &keys);
    redisReply *reply = redis_command(redis, 0, keys.count, keys.args, err);
    if (!reply)
        return false;
    for (size_t i = 0; i < count; i++)
        snprintf(ret_values[i], REDIS_VALUE_SIZE, "%s",
                 i < reply->elements ? text_of(reply->element[i]) : "");
    freeReplyObject(reply);
    return true;
}

bool redis_value_set(struct redis *redis, const struct redis_value *value, bool *ret_set,
                     struct error *err)
{
    char key[REDIS_KEY_SIZE], ttl[24];
    redis_key(redis, value->name, key);
    snprintf(ttl, sizeof ttl, "%" PRId64, value->ttl_ms);
    const char *args[] = {"SET", key, value->value, "PX", ttl, "NX"};
    redisReply *reply = redis_command(redis, 0, value->only_new ? 6 : 5, args, err);
    if (!reply)
        return false;
    *ret_set = reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    return true;
}

static bool done(struct redis *redis, int count, const char **args, int64_t *ret_number,
                 struct error *err)
{
    redisReply *reply = redis_command(redis, 0, count, args, err);
    if (!reply)
        return false;
    if (ret_number)
        *ret_number = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
    freeReplyObject(reply);
    return true;
}

bool redis_value_add(struct redis *redis, const char *name, int64_t ttl_ms, int64_t *ret_sum,
                     struct error *err)
{
    char key[REDIS_KEY_SIZE], ttl[24];
    redis_key(redis, name, key);
    snprintf(ttl, sizeof ttl, "%" PRId64, ttl_ms);
    return done(redis, 2, (const char *[]){"INCR", key}, ret_sum, err) &&
           done(redis, 3, (const char *[]){"PEXPIRE", key, ttl}, NULL, err);
}

bool redis_values_drop(struct redis *redis, const char *const *names, size_t count,
                       struct error *err)
{
    struct keys keys;
    keys_of(redis, "DEL", names, count, &keys);
    return done(redis, keys.count, keys.args, NULL, err);
}

/* Between WATCH and EXEC: whoever writes the first key meanwhile undoes the drop. */
static bool drop_watched(struct redis *redis, struct keys *keys, const char *value,
                         struct error *err)
{
    const char *first = keys->args[1];
    redisReply *reply = redis_command(redis, 0, 2, (const char *[]){"GET", first}, err);
    if (!reply)
        return false;
    bool same = strcmp(text_of(reply), value) == 0;
    freeReplyObject(reply);
    if (!same)
        return done(redis, 1, (const char *[]){"UNWATCH"}, NULL, err);
    return done(redis, 1, (const char *[]){"MULTI"}, NULL, err) &&
           done(redis, keys->count, keys->args, NULL, err) &&
           done(redis, 1, (const char *[]){"EXEC"}, NULL, err);
}

bool redis_values_drop_if(struct redis *redis, const char *const *names, size_t count,
                          const char *value, struct error *err)
{
    struct keys keys;
    keys_of(redis, "DEL", names, count, &keys);
    if (done(redis, 2, (const char *[]){"WATCH", keys.args[1]}, NULL, err) &&
        drop_watched(redis, &keys, value, err))
        return true;
    redis_disconnect(redis); /* it may still watch, or queue what comes next for an EXEC */
    return false;
}
