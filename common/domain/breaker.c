#include "common/domain/breaker.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/log.h"
#include "common/base/utf8.h"
#include "common/io/redis_keys.h"

#define COMMAND_MS 250
#define AWAY_MS 1000 /* how long Redis is not asked again */
#define KEEP_MS INT64_C(3600000)
#define PERMITS_MAX 8
#define NAME_SIZE 64
#define FAILURES_MAX 1000000 /* that Redis is believed */
#define REFUSED_MARK '!'     /* in Redis, after the time */
#define ASK_AGAIN_MS 250     /* while others hold the permits */

/* A circuit: since when it is broken, until when it stays so. Times of this
 * process's monotonic clock. */
struct circuit {
    int64_t failures;
    int64_t generation; /* wall clock of the last break; 0: whole */
    int64_t until_ms;
    int64_t until_wall_ms;                   /* the same, for people */
    bool refused;                            /* our key was */
    char takers[PERMITS_MAX][BREAKER_TOKEN]; /* of our own probes; "": free */
    char reason[120];
};

struct breaker {
    struct breaker_options options; /* its texts are not ours */
    char name[NAME_SIZE];
    pthread_mutex_t lock; /* of what follows */
    struct redis *redis;
    int64_t away_until_ms;
    bool is_away;
    int64_t looked_ms;
    struct circuit circuit; /* as it was seen last */
};

struct breaker *breaker_new(const struct breaker_options *options)
{
    struct breaker *breaker = memory_new(1, sizeof *breaker);
    breaker->options = *options;
    snprintf(breaker->name, sizeof breaker->name, "%s", options->name);
    if (breaker->options.permits > PERMITS_MAX)
        breaker->options.permits = PERMITS_MAX;
    breaker->redis = redis_new(options->redis_url, options->prefix, COMMAND_MS);
    pthread_mutex_init(&breaker->lock, NULL);
    return breaker;
}

void breaker_free(struct breaker *breaker)
{
    if (!breaker)
        return;
    redis_free(breaker->redis);
    pthread_mutex_destroy(&breaker->lock);
    free(breaker);
}

const char *breaker_kind_name(enum breaker_kind kind)
{
    static const char *const names[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_HALF_OPEN] = "half_open", [BREAKER_OPEN] = "open"};
    return names[kind];
}

/* The keys. The first vanishes by itself when the time has come to try again. */
enum { KEY_OPEN, KEY_GENERATION, KEY_FAILURES, KEY_COUNT };

struct names {
    char text[KEY_COUNT][2 * NAME_SIZE];
    const char *list[KEY_COUNT];
};

static void name_keys(const struct breaker *breaker, struct names *ret_names)
{
    static const char *const parts[] = {"open", "generation", "failures"};
    for (size_t i = 0; i < KEY_COUNT; i++) {
        snprintf(ret_names->text[i], sizeof ret_names->text[i], "breaker:%s:%s", breaker->name,
                 parts[i]);
        ret_names->list[i] = ret_names->text[i];
    }
}

/* Called locked from here on. */

static bool redis_may_answer(const struct breaker *breaker)
{
    return clock_monotonic_ms() >= breaker->away_until_ms;
}

/* Notes what became of a call to Redis; false when it is away. */
static bool note(struct breaker *breaker, bool fine, const struct error *err)
{
    if (!fine)
        breaker->away_until_ms = clock_monotonic_ms() + AWAY_MS;
    if (!fine && !breaker->is_away)
        log_error("breaker.alone", err);
    breaker->is_away = !fine;
    return fine;
}

/* Whoever wrote it: whole characters and no controls, so that it can be told in JSON. */
static void keep_reason(struct circuit *circuit, const char *why)
{
    const unsigned char *at = (const unsigned char *)why, *end = at + strlen(why);
    size_t len = 0;
    while (at < end) {
        const unsigned char *start = at;
        int32_t character = utf8_next(&at, end);
        size_t size = (size_t)(at - start);
        if (len + size >= sizeof circuit->reason)
            break;
        memcpy(circuit->reason + len, start, size);
        if (character < ' ' || character == 0x7f)
            circuit->reason[len] = '?';
        len += size;
    }
    circuit->reason[len] = '\0';
}

static void take_over(struct breaker *breaker, char values[KEY_COUNT][REDIS_VALUE_SIZE])
{
    struct circuit *circuit = &breaker->circuit;
    char *reason = NULL;
    int64_t until_ms = strtoll(values[KEY_OPEN], &reason, 10);
    int64_t failures = strtoll(values[KEY_FAILURES], NULL, 10);
    circuit->failures = failures < 0 ? 0 : failures > FAILURES_MAX ? FAILURES_MAX : failures;
    circuit->generation = strtoll(values[KEY_GENERATION], NULL, 10);
    circuit->until_ms = 0;
    circuit->until_wall_ms = 0;
    if (until_ms > 0) {
        /* Clocks of hosts differ: while the key is there, it is not over. */
        int64_t now_ms = clock_wall_ms(), left_ms = until_ms - now_ms;
        int64_t most_ms = breaker->options.recovery_ms;
        left_ms = left_ms < 1 ? 1 : left_ms > most_ms ? most_ms : left_ms;
        circuit->until_ms = clock_monotonic_ms() + left_ms;
        circuit->until_wall_ms = now_ms + left_ms;
        circuit->refused = *reason == REFUSED_MARK;
        reason += circuit->refused;
        keep_reason(circuit, reason + (*reason == ' '));
    }
    if (until_ms > 0 && circuit->generation == 0)
        circuit->generation = until_ms; /* its second key is on its way */
}

static void look(struct breaker *breaker)
{
    char values[KEY_COUNT][REDIS_VALUE_SIZE];
    struct names names;
    struct error err = {0};
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - breaker->looked_ms < BREAKER_LOOK_MS || !redis_may_answer(breaker))
        return;
    name_keys(breaker, &names);
    if (!note(breaker, redis_values(breaker->redis, names.list, KEY_COUNT, values, &err), &err))
        return;
    take_over(breaker, values);
    breaker->looked_ms = now_ms;
}

static enum breaker_kind kind_of(const struct circuit *circuit)
{
    if (circuit->generation == 0)
        return BREAKER_CLOSED;
    return clock_monotonic_ms() < circuit->until_ms ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

static void name_probe(const struct breaker *breaker, int64_t i, char ret_name[2 * NAME_SIZE])
{
    snprintf(ret_name, 2 * NAME_SIZE, "breaker:%s:probe:%" PRId64, breaker->name, i);
}

/* Of each permit, so that who gives one back late takes none from another. */
static void draw_token(char ret_token[BREAKER_TOKEN])
{
    uint8_t bytes[(BREAKER_TOKEN - 1) / 2];
    crypto_random(bytes, sizeof bytes);
    hex_encode(bytes, sizeof bytes, ret_token);
}

/* One of the permits of all workers. Who takes one and dies gives it back by time. */
static bool take_probe(struct breaker *breaker, struct breaker_permit *permit)
{
    bool shared = redis_may_answer(breaker);
    draw_token(permit->token);
    for (int i = 0; i < breaker->options.permits; i++) {
        char name[2 * NAME_SIZE];
        struct error err = {0};
        bool taken = false;
        name_probe(breaker, i, name);
        const struct redis_value value = {name, permit->token, breaker->options.recovery_ms, true};
        if (shared && !note(breaker, redis_value_set(breaker->redis, &value, &taken, &err), &err))
            shared = false;
        if (!shared)
            taken = !*breaker->circuit.takers[i];
        if (!taken)
            continue;
        memcpy(breaker->circuit.takers[i], permit->token, BREAKER_TOKEN);
        permit->probe = i;
        return true;
    }
    return false;
}

static void give_probe(struct breaker *breaker, struct breaker_permit *permit)
{
    char name[2 * NAME_SIZE];
    struct error err = {0};
    const char *names[] = {name};
    if (permit->probe < 0)
        return;
    char *taker = breaker->circuit.takers[permit->probe];
    if (strcmp(taker, permit->token) == 0)
        *taker = '\0';
    name_probe(breaker, permit->probe, name);
    permit->probe = -1;
    if (redis_may_answer(breaker))
        note(breaker, redis_values_drop_if(breaker->redis, names, 1, permit->token, &err), &err);
}

static void share_break(struct breaker *breaker)
{
    char open[REDIS_VALUE_SIZE], generation[24];
    struct names names;
    struct error err = {0};
    bool set = false;
    const struct circuit *circuit = &breaker->circuit;
    if (!redis_may_answer(breaker))
        return;
    name_keys(breaker, &names);
    const char mark[] = {circuit->refused ? REFUSED_MARK : '\0', '\0'};
    snprintf(open, sizeof open, "%" PRId64 "%s %s", circuit->until_wall_ms, mark, circuit->reason);
    snprintf(generation, sizeof generation, "%" PRId64, circuit->generation);
    const struct redis_value first = {names.list[KEY_OPEN], open, breaker->options.recovery_ms,
                                      true};
    const struct redis_value second = {names.list[KEY_GENERATION], generation,
                                       KEEP_MS + breaker->options.recovery_ms, false};
    if (!note(breaker, redis_value_set(breaker->redis, &first, &set, &err), &err) || !set)
        return;
    note(breaker,
         redis_value_set(breaker->redis, &second, &set, &err) &&
             redis_values_drop(breaker->redis, &names.list[KEY_FAILURES], 1, &err),
         &err);
}

static void open_circuit(struct breaker *breaker, bool refused, const char *why)
{
    struct circuit *circuit = &breaker->circuit;
    if (kind_of(circuit) == BREAKER_OPEN)
        return;
    *circuit = (struct circuit){.refused = refused,
                                .generation = clock_wall_ms(),
                                .until_ms = clock_monotonic_ms() + breaker->options.recovery_ms,
                                .until_wall_ms = clock_wall_ms() + breaker->options.recovery_ms};
    keep_reason(circuit, why);
    LOG(LOG_WARN, "breaker.open", LOG_TEXT("name", breaker->name), LOG_TEXT("why", why),
        LOG_NUMBER("ms", breaker->options.recovery_ms));
    share_break(breaker);
}

static void count_failure(struct breaker *breaker, const struct breaker_permit *permit,
                          const char *why)
{
    struct names names;
    struct error err = {0};
    int64_t failures = ++breaker->circuit.failures;
    name_keys(breaker, &names);
    if (redis_may_answer(breaker) &&
        note(breaker,
             redis_value_add(breaker->redis, names.list[KEY_FAILURES], KEEP_MS, &failures, &err),
             &err))
        breaker->circuit.failures = failures;
    bool of_this_break = permit->probe >= 0 && permit->generation == breaker->circuit.generation;
    if (of_this_break || failures >= breaker->options.failures)
        open_circuit(breaker, false, why);
}

/* A probe that worked closes what it probed, but nothing that broke since. */
static void close_circuit(struct breaker *breaker, int64_t generation)
{
    struct names names;
    struct error err = {0};
    char value[24];
    name_keys(breaker, &names);
    snprintf(value, sizeof value, "%" PRId64, generation);
    const char *list[] = {names.list[KEY_GENERATION], names.list[KEY_OPEN],
                          names.list[KEY_FAILURES]};
    if (breaker->circuit.generation == generation) {
        breaker->circuit = (struct circuit){0};
        LOG(LOG_INFO, "breaker.closed", LOG_TEXT("name", breaker->name));
    }
    if (redis_may_answer(breaker))
        note(breaker, redis_values_drop_if(breaker->redis, list, COUNT_OF(list), value, &err),
             &err);
}

static void count_success(struct breaker *breaker, const struct breaker_permit *permit)
{
    struct names names;
    struct error err = {0};
    if (permit->probe >= 0) {
        close_circuit(breaker, permit->generation);
        return;
    }
    name_keys(breaker, &names);
    breaker->circuit.failures = 0;
    if (redis_may_answer(breaker))
        note(breaker, redis_values_drop(breaker->redis, &names.list[KEY_FAILURES], 1, &err), &err);
}

void breaker_look(struct breaker *breaker, struct breaker_state *ret_state)
{
    pthread_mutex_lock(&breaker->lock);
    look(breaker);
    const struct circuit *circuit = &breaker->circuit;
    *ret_state = (struct breaker_state){.kind = kind_of(circuit), .failures = circuit->failures};
    ret_state->refused = ret_state->kind == BREAKER_OPEN && circuit->refused;
    if (ret_state->kind == BREAKER_OPEN)
        ret_state->until_ms = circuit->until_wall_ms;
    if (ret_state->kind != BREAKER_CLOSED)
        snprintf(ret_state->reason, sizeof ret_state->reason, "%s", circuit->reason);
    pthread_mutex_unlock(&breaker->lock);
}

bool breaker_permit(struct breaker *breaker, struct breaker_permit *ret_permit,
                    int64_t *ret_retry_ms)
{
    bool may = true;
    pthread_mutex_lock(&breaker->lock);
    look(breaker);
    const struct circuit *circuit = &breaker->circuit;
    enum breaker_kind kind = kind_of(circuit);
    *ret_permit = (struct breaker_permit){.probe = -1, .generation = circuit->generation};
    if (kind == BREAKER_OPEN) {
        int64_t left_ms = circuit->until_ms - clock_monotonic_ms();
        *ret_retry_ms = left_ms > 0 ? left_ms : 1; /* it may just have passed */
        may = false;
    } else if (kind == BREAKER_HALF_OPEN && !take_probe(breaker, ret_permit)) {
        *ret_retry_ms = ASK_AGAIN_MS;
        may = false;
    }
    pthread_mutex_unlock(&breaker->lock);
    return may;
}

void breaker_works(struct breaker *breaker, struct breaker_permit *permit)
{
    if (permit->probe < 0)
        return;
    pthread_mutex_lock(&breaker->lock);
    breaker->looked_ms = 0;
    look(breaker); /* another probe may have settled it */
    close_circuit(breaker, permit->generation);
    give_probe(breaker, permit);
    breaker->looked_ms = 0;
    pthread_mutex_unlock(&breaker->lock);
}

void breaker_report(struct breaker *breaker, struct breaker_permit *permit,
                    enum breaker_verdict verdict, const char *why)
{
    pthread_mutex_lock(&breaker->lock);
    breaker->looked_ms = 0;
    if (permit->probe >= 0)
        look(breaker); /* another probe may have settled it */
    if (verdict == BREAKER_WORKED)
        count_success(breaker, permit);
    else if (verdict == BREAKER_FAILED)
        count_failure(breaker, permit, why);
    else if (verdict == BREAKER_REFUSED)
        open_circuit(breaker, true, why);
    give_probe(breaker, permit);
    breaker->looked_ms = 0;
    pthread_mutex_unlock(&breaker->lock);
}
