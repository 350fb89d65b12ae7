/* The breaker of a service, whose state lies in Redis where anybody may write. Input: its three
 * values (a line each), then uses of the service: a verdict (one byte) and why, with its length.
 * Redis is ours here. */
#include <jansson.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/breaker.h"
#include "common/io/redis_keys.h"
#include "tests/fuzz/fuzz.h"

#define RECOVERY_MS 60000
#define VALUES 3

static char *values[VALUES];

bool __wrap_redis_values(struct redis *redis, const char *const *names, size_t count,
                         char ret_values[][REDIS_VALUE_SIZE], struct error *err);
bool __wrap_redis_value_set(struct redis *redis, const struct redis_value *value, bool *ret_set,
                            struct error *err);
bool __wrap_redis_value_add(struct redis *redis, const char *name, int64_t ttl_ms, int64_t *ret_sum,
                            struct error *err);
bool __wrap_redis_values_drop(struct redis *redis, const char *const *names, size_t count,
                              struct error *err);
bool __wrap_redis_values_drop_if(struct redis *redis, const char *const *names, size_t count,
                                 const char *value, struct error *err);
void __wrap_log_write(enum log_level level, const char *event, const struct log_pair *pairs);
void __wrap_log_error(const char *event, const struct error *err);

bool __wrap_redis_values(struct redis *redis, const char *const *names, size_t count,
                         char ret_values[][REDIS_VALUE_SIZE], struct error *err)
{
    (void)redis, (void)names, (void)err;
    CLAIM(count <= VALUES);
    for (size_t i = 0; i < count; i++) {
        size_t len = strnlen(values[i], REDIS_VALUE_SIZE - 1);
        memcpy(ret_values[i], values[i], len);
        ret_values[i][len] = '\0';
    }
    return true;
}

bool __wrap_redis_value_set(struct redis *redis, const struct redis_value *value, bool *ret_set,
                            struct error *err)
{
    (void)redis, (void)err;
    CLAIM(value->ttl_ms > 0 && fuzz_is_utf8(bytes_of(value->value)));
    *ret_set = true;
    return true;
}

bool __wrap_redis_value_add(struct redis *redis, const char *name, int64_t ttl_ms, int64_t *ret_sum,
                            struct error *err)
{
    (void)redis, (void)name, (void)err;
    CLAIM(ttl_ms > 0);
    *ret_sum = strtoll(values[VALUES - 1], NULL, 10);
    return true;
}

bool __wrap_redis_values_drop(struct redis *redis, const char *const *names, size_t count,
                              struct error *err)
{
    (void)redis, (void)names, (void)count, (void)err;
    return true;
}

bool __wrap_redis_values_drop_if(struct redis *redis, const char *const *names, size_t count,
                                 const char *value, struct error *err)
{
    (void)redis, (void)names, (void)count, (void)value, (void)err;
    return true;
}

void __wrap_log_write(enum log_level level, const char *event, const struct log_pair *pairs)
{
    (void)level, (void)event, (void)pairs;
}

void __wrap_log_error(const char *event, const struct error *err)
{
    (void)event, (void)err;
}

/* It goes into what workers report of themselves, which is JSON with a time in it. */
static void check_state(struct breaker *breaker)
{
    struct breaker_state state;
    breaker_look(breaker, &state);
    json_t *reason = json_string(state.reason);
    CLAIM(reason && (state.kind != BREAKER_CLOSED || !state.reason[0]));
    json_decref(reason);
    for (const char *at = state.reason; *at; at++)
        CLAIM((unsigned char)*at >= 0x20 && *at != 0x7f);
    CLAIM(state.until_ms >= 0 && state.until_ms <= clock_wall_ms() + RECOVERY_MS);
    CLAIM((state.until_ms > 0) == (state.kind == BREAKER_OPEN));
    CLAIM(!state.refused || state.kind == BREAKER_OPEN);
}

static void use_service(struct breaker *breaker, struct fuzz *fuzz)
{
    static const enum breaker_verdict verdicts[] = {BREAKER_WORKED, BREAKER_FAILED,
                                                    BREAKER_NO_ANSWER, BREAKER_REFUSED};
    struct breaker_permit permit;
    int64_t retry_ms = -1;
    uint8_t way = fuzz_byte(fuzz);
    AUTO(text) char *why = fuzz_text(fuzz_some(fuzz, 255));
    if (!breaker_permit(breaker, &permit, &retry_ms)) {
        CLAIM(retry_ms >= 0 && retry_ms <= RECOVERY_MS);
        return;
    }
    if (way & 0x10)
        breaker_works(breaker, &permit);
    breaker_report(breaker, &permit, verdicts[way % COUNT_OF(verdicts)], why);
    check_state(breaker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    const struct breaker_options options = {.redis_url = "unix:///nowhere",
                                            .prefix = "",
                                            .name = "e2b",
                                            .failures = 3,
                                            .recovery_ms = RECOVERY_MS,
                                            .permits = 2};
    for (size_t i = 0; i < VALUES; i++)
        values[i] = fuzz_text(fuzz_line(&fuzz));
    struct breaker *breaker = breaker_new(&options);
    check_state(breaker);
    for (int i = 0; i < 8 && fuzz.at < fuzz.end; i++)
        use_service(breaker, &fuzz);
    breaker_free(breaker);
    for (size_t i = 0; i < VALUES; i++)
        free(values[i]);
    return 0;
}
