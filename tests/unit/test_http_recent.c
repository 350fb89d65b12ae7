/* What running requests printed last. */
#include "tests/unit/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "api/live/recent.h"

static bool add(struct recent *recent, const struct recent_piece *like, int64_t number)
{
    struct recent_piece piece = *like;
    char id[REDIS_ID_SIZE];
    snprintf(id, sizeof id, "%lld-0", (long long)number);
    piece.id = id;
    piece.seq = piece.seq ? piece.seq : number;
    piece.request_id = piece.request_id ? piece.request_id : 1;
    piece.attempt_id = piece.attempt_id ? piece.attempt_id : 7;
    piece.weight = piece.weight ? piece.weight : 2;
    return recent_add(recent, &piece);
}

static void collect(void *context, const char *id, struct bytes block)
{
    (void)id;
    buffer_add(context, block.data, block.len);
}

static void holds(const struct recent *recent, int64_t request_id, const char *last_id,
                  const char *expected)
{
    AUTO(buffer) struct buffer found = {0};
    recent_each(recent, request_id, last_id, collect, &found);
    assert_string_equal(found.len ? found.data : "", expected);
}

/* Those that say nothing are of request 1, attempt 7, and weigh 2. */
#define PIECE(...) (&(struct recent_piece){__VA_ARGS__})
#define BLOCK(text) .block = {text, strlen(text)}

static void it_gives_back_what_is_behind_an_id(void **state)
{
    (void)state;
    struct recent *recent = recent_new();
    assert_true(add(recent, PIECE(BLOCK("a;")), 5));
    assert_true(add(recent, PIECE(BLOCK("b;")), 50));
    assert_true(add(recent, PIECE(BLOCK("c;"), .request_id = 1025), 60)); /* the same bucket */
    holds(recent, 1, "", "a;b;");
    holds(recent, 1, "5-0", "b;");
    holds(recent, 1, "50-0", "");
    holds(recent, 1025, "", "c;");
    holds(recent, 2, "", "");
    recent_forget(recent, 1);
    recent_forget(recent, 2);
    holds(recent, 1, "", "");
    holds(recent, 1025, "", "c;");
    assert_int_equal(recent_head(recent, 1, "").attempt_id, 0);
    recent_free(recent);
}

static void doubles_and_earlier_attempts_are_refused(void **state)
{
    (void)state;
    struct recent *recent = recent_new();
    assert_true(add(recent, PIECE(BLOCK("a;"), .fence = 2, .seq = 9), 1));
    assert_false(add(recent, PIECE(BLOCK("b;"), .fence = 2, .seq = 9), 2));
    assert_false(add(recent, PIECE(BLOCK("c;"), .fence = 1, .seq = 10), 3));
    assert_false(add(recent, PIECE(BLOCK("d;"), .attempt_id = 6, .seq = 10), 4));
    holds(recent, 1, "", "a;");
    assert_true(add(recent, PIECE(BLOCK("e;"), .attempt_id = 8, .seq = 1), 5));
    holds(recent, 1, "", "e;");
    assert_int_equal(recent_head(recent, 1, "").attempt_id, 8);
    assert_int_equal(recent_head(recent, 1, "").lost, 0);
    recent_free(recent);
}

static void the_oldest_goes_and_is_counted(void **state)
{
    (void)state;
    struct recent *recent = recent_new();
    static char block[RECENT_REQUEST_MAX / 4 + 1];
    memset(block, 'x', sizeof block - 1);
    for (int i = 1; i <= 6; i++)
        assert_true(add(recent, PIECE(BLOCK(block), .weight = 10 * i), i));
    assert_int_equal(recent_head(recent, 1, "").lost, 30);
    assert_int_equal(recent_head(recent, 1, "1-0").lost, 30);
    assert_int_equal(recent_head(recent, 1, "2-0").lost, 0);
    recent_free(recent);
}

static void who_was_quiet_longest_goes_first(void **state)
{
    (void)state;
    struct recent *recent = recent_new();
    static char block[RECENT_REQUEST_MAX + 1];
    memset(block, 'x', sizeof block - 1);
    int64_t most = RECENT_ALL_MAX / RECENT_REQUEST_MAX;
    for (int64_t i = 1; i <= most; i++)
        assert_true(add(recent, PIECE(BLOCK(block), .request_id = i), i));
    assert_true(add(recent, PIECE(BLOCK(""), .request_id = 1), most + 1)); /* not so quiet */
    assert_true(add(recent, PIECE(BLOCK(block), .request_id = most + 1), most + 2));
    assert_int_equal(recent_head(recent, 1, "").attempt_id, 7);
    assert_int_equal(recent_head(recent, 2, "").attempt_id, 0);
    assert_int_equal(recent_head(recent, 3, "").attempt_id, 7);
    recent_free(recent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_back_what_is_behind_an_id),
        cmocka_unit_test(doubles_and_earlier_attempts_are_refused),
        cmocka_unit_test(the_oldest_goes_and_is_counted),
        cmocka_unit_test(who_was_quiet_longest_goes_first),
    };
    return cmocka_run_group_tests_name("recent output", tests, NULL, NULL);
}
