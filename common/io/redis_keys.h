/* Redis: small values that several processes share, by single commands. */
#pragma once

#include "common/io/redis.h"

#define REDIS_KEYS_MAX 8
#define REDIS_VALUE_SIZE 192

/* The values of these keys in one moment; "" where there is none. Longer ones are cut. */
bool redis_values(struct redis *redis, const char *const *names, size_t count,
                  char ret_values[][REDIS_VALUE_SIZE], struct error *err) MUST_CHECK;

struct redis_value {
    const char *name;
    const char *value;
    int64_t ttl_ms;
    bool only_new; /* leaves a key alone that is there */
};
/* *ret_set is false when the key was there and `only_new` asked for it. */
bool redis_value_set(struct redis *redis, const struct redis_value *value, bool *ret_set,
                     struct error *err) MUST_CHECK;

/* Adds one, and lets the key live `ttl_ms` from now on. */
bool redis_value_add(struct redis *redis, const char *name, int64_t ttl_ms, int64_t *ret_sum,
                     struct error *err) MUST_CHECK;

bool redis_values_drop(struct redis *redis, const char *const *names, size_t count,
                       struct error *err) MUST_CHECK;

/* Drops them all when the first of them has that value, and nothing otherwise:
 * in one moment. */
bool redis_values_drop_if(struct redis *redis, const char *const *names, size_t count,
                          const char *value, struct error *err) MUST_CHECK;
