#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/domain/doorbell.h"
#include "common/io/redis.h"
#include "common/io/redis_keys.h"
#include "tests/unit/services.h"

#define WAIT_MS 2000

static char prefix[32]; /* another for each test, so that they do not meet */
static struct redis *redis;

static int open_redis(void **state)
{
    static int number;
    (void)state;
    snprintf(prefix, sizeof prefix, "t%d-%d:", (int)getpid(), number++);
    redis = redis_new(TEST_REDIS, prefix, 500);
    return 0;
}

static int close_redis(void **state)
{
    (void)state;
    redis_free(redis);
    return 0;
}

static const char *const queues[] = {"queue:a", "queue:b"};

static void test_pop_gives_the_oldest_first_and_at_most_max(void **state)
{
    (void)state;
    struct error err = {0};
    const int64_t ids[] = {1, 2, 3, 4, 5};
    int64_t got[8];
    struct redis_ids popped = {.list = got};
    assert_true(redis_push(redis, "queue:a", ids, 5, &err));
    popped.max = 3;
    assert_true(redis_pop(redis, queues, 2, WAIT_MS, &popped, &err));
    assert_int_equal(popped.count, 3);
    assert_int_equal(got[0], 1);
    assert_int_equal(got[2], 3);
    popped.max = 8;
    assert_true(redis_pop(redis, queues, 2, WAIT_MS, &popped, &err));
    assert_int_equal(popped.count, 2);
    popped.max = 8;
    assert_true(redis_pop(redis, queues, 2, 20, &popped, &err));
    assert_int_equal(popped.count, 0);
    assert_int_equal(popped.forged, 0);
}

static void test_many_ids_go_in_several_pushes(void **state)
{
    (void)state;
    struct error err = {0};
    int64_t ids[200], got[256];
    struct redis_ids popped = {.list = got};
    for (int i = 0; i < 200; i++)
        ids[i] = i + 1;
    assert_true(redis_push(redis, "queue:b", ids, 200, &err));
    popped.max = 256;
    assert_true(redis_pop(redis, queues, 2, WAIT_MS, &popped, &err));
    assert_int_equal(popped.count, 200);
    assert_int_equal(got[199], 200);
}

static void test_a_list_that_nobody_reads_stays_short(void **state)
{
    (void)state;
    struct error err = {0};
    enum { PUSHED = 2 * REDIS_HINTS_KEPT + 1 };
    int64_t *ids = memory_new(PUSHED, sizeof *ids);
    int64_t got[2] = {0};
    struct redis_ids popped = {.list = got};
    for (int64_t i = 0; i < PUSHED; i++)
        ids[i] = i + 1;
    assert_true(redis_push(redis, "queue:b", ids, PUSHED, &err));
    popped.max = 1;
    assert_true(redis_pop(redis, queues, 2, WAIT_MS, &popped, &err));
    assert_int_equal(got[0], PUSHED - REDIS_HINTS_KEPT + 1); /* the oldest that is left */
    free(ids);
}

static redisContext *raw(void)
{
    const char *path = TEST_REDIS + strlen("unix://");
    redisContext *context = redisConnectUnix(path);
    assert_non_null(context);
    assert_int_equal(context->err, 0);
    return context;
}

static void test_forged_items_are_dropped_and_counted(void **state)
{
    (void)state;
    static const char *const items[] = {"",   "0",  "-5", "1x", " 7", "99999999999999999999",
                                        "+3", "1.5"};
    redisContext *context = raw();
    struct error err = {0};
    int64_t got[16];
    struct redis_ids popped = {.list = got};
    for (size_t i = 0; i < COUNT_OF(items); i++)
        freeReplyObject(redisCommand(context, "LPUSH %squeue:a %s", prefix, items[i]));
    freeReplyObject(redisCommand(context, "LPUSH %squeue:a %b", prefix, "1\0", (size_t)2));
    freeReplyObject(redisCommand(context, "LPUSH %squeue:a 12", prefix));
    redisFree(context);
    popped.max = 16;
    assert_true(redis_pop(redis, queues, 1, WAIT_MS, &popped, &err));
    assert_int_equal(popped.count, 1);
    assert_int_equal(got[0], 12);
    assert_int_equal(popped.forged, COUNT_OF(items) + 1);
}

struct seen {
    size_t count;
    char last_id[REDIS_ID_SIZE];
    char last_json[64];
};

static void note_event(void *context, const char *id, const char *json)
{
    struct seen *seen = context;
    seen->count++;
    snprintf(seen->last_id, sizeof seen->last_id, "%s", id);
    snprintf(seen->last_json, sizeof seen->last_json, "%s", json);
}

static void test_events_are_read_on_from_an_id(void **state)
{
    (void)state;
    struct error err = {0};
    struct seen seen = {0};
    char last[REDIS_ID_SIZE] = "0-0";
    assert_true(redis_event_add(redis, "{\"id\":1}", &err));
    assert_true(redis_event_add(redis, "{\"id\":2}", &err));
    assert_true(redis_events_wait(redis, last, WAIT_MS, note_event, &seen, &err));
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.last_json, "{\"id\":2}");
    assert_string_equal(last, seen.last_id);
    assert_true(redis_events_wait(redis, last, 20, note_event, &seen, &err));
    assert_int_equal(seen.count, 2);
}

static void test_a_gap_is_told(void **state)
{
    (void)state;
    struct error err = {0};
    struct seen seen = {0};
    bool gap = true;
    char first[REDIS_ID_SIZE] = "0-0";
    assert_true(redis_event_add(redis, "{\"id\":1}", &err));
    assert_true(redis_events_wait(redis, first, WAIT_MS, note_event, &seen, &err));
    assert_true(redis_event_add(redis, "{\"id\":2}", &err));
    seen.count = 0;
    assert_true(redis_events_after(redis, first, note_event, &seen, &gap, &err));
    assert_false(gap);
    assert_int_equal(seen.count, 1);
    redisContext *context = raw();
    freeReplyObject(redisCommand(context, "DEL %sevents", prefix));
    assert_true(redis_events_after(redis, first, note_event, &seen, &gap, &err));
    assert_true(gap);
    freeReplyObject(redisCommand(context, "XADD %sevents 99999999999999-0 event x", prefix));
    redisFree(context);
    assert_true(redis_events_after(redis, first, note_event, &seen, &gap, &err));
    assert_true(gap);
}

/* A server that takes connections and never answers. */
static int hung_server(char *ret_url, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/hung-%d.sock", (int)getpid());
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    snprintf(ret_url, size, "unix://%s", address.sun_path);
    return fd;
}

static void test_a_hung_server_hangs_nobody(void **state)
{
    (void)state;
    char url[160];
    struct error err = {0};
    int fd = hung_server(url, sizeof url);
    struct redis *hung = redis_new(url, "", 50);
    assert_false(redis_ping(hung, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    redis_free(hung);
    struct doorbell *doorbell = doorbell_new(url, "");
    for (int64_t i = 1; i <= 10000; i++)
        doorbell_ring(doorbell, "queue:a", i);
    assert_true(doorbell_dropped(doorbell) > 0);
    doorbell_free(doorbell);
    close(fd);
    unlink(url + strlen("unix://"));
}

static void test_wrong_addresses_are_away(void **state)
{
    (void)state;
    static const char *const urls[] = {"",
                                       "http://x",
                                       "redis://",
                                       "redis://127.0.0.1:0",
                                       "redis://127.0.0.1:99999",
                                       "unix:///nowhere/at/all"};
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct error err = {0};
        struct redis *away = redis_new(urls[i], "", 200);
        assert_false(redis_ping(away, &err));
        assert_int_equal(err.code, ERR_UNAVAILABLE);
        redis_free(away);
    }
}

static void test_the_doorbell_rings(void **state)
{
    (void)state;
    struct doorbell *doorbell = doorbell_new(TEST_REDIS, prefix);
    struct error err = {0};
    struct seen seen = {0};
    char last[REDIS_ID_SIZE] = "0-0";
    int64_t got[4];
    struct redis_ids popped = {.list = got};
    doorbell_ring(doorbell, "queue:b", 77);
    doorbell_announce(doorbell, "{\"id\":77}");
    popped.max = 4;
    assert_true(redis_pop(redis, queues, 2, WAIT_MS, &popped, &err));
    assert_int_equal(popped.count, 1);
    assert_int_equal(got[0], 77);
    assert_true(redis_events_wait(redis, last, WAIT_MS, note_event, &seen, &err));
    assert_int_equal(seen.count, 1);
    assert_int_equal(doorbell_dropped(doorbell), 0);
    doorbell_free(doorbell);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_redis, close_redis)

static void test_a_drop_that_was_refused_leaves_nothing_watched(void **state)
{
    (void)state;
    struct error err = {0};
    const char *list = "list", *mine = "mine";
    char left[1][REDIS_VALUE_SIZE];
    bool set = false;
    const struct redis_value value = {.name = mine, .value = "v", .ttl_ms = 60000};
    struct redis *other = redis_new(TEST_REDIS, prefix, 500);
    assert_true(redis_push(other, list, &(int64_t){1}, 1, &err));
    assert_false(redis_values_drop_if(redis, &list, 1, "v", &err));
    assert_true(redis_push(other, list, &(int64_t){2}, 1, &err));
    assert_true(redis_value_set(other, &value, &set, &err));
    assert_true(redis_values_drop_if(redis, &mine, 1, "v", &err));
    assert_true(redis_values(other, &mine, 1, left, &err));
    assert_string_equal(left[0], "");
    redis_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pop_gives_the_oldest_first_and_at_most_max),
        TEST(test_many_ids_go_in_several_pushes),
        TEST(test_a_list_that_nobody_reads_stays_short),
        TEST(test_forged_items_are_dropped_and_counted),
        TEST(test_events_are_read_on_from_an_id),
        TEST(test_a_gap_is_told),
        TEST(test_a_hung_server_hangs_nobody),
        TEST(test_wrong_addresses_are_away),
        TEST(test_the_doorbell_rings),
        TEST(test_a_drop_that_was_refused_leaves_nothing_watched),
    };
    return cmocka_run_group_tests_name("redis", tests, NULL, NULL);
}
