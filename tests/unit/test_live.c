/* What a run prints, on its way to those who watch. */
#include "tests/unit/services.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/io/redis_output.h"
#include "worker/live.h"

#define WAIT_MS 2000

static void add(struct live_text *text, enum sandbox_stream stream, const char *chunk)
{
    live_text_add(text, stream, bytes_of(chunk));
}

static void take(struct live_text *text, enum sandbox_stream stream, const char *expected)
{
    struct live_piece piece;
    assert_true(live_text_take(text, &piece));
    assert_int_equal(piece.stream, stream);
    assert_int_equal(piece.dropped, 0);
    assert_int_equal(piece.len, strlen(expected));
    assert_memory_equal(piece.text, expected, piece.len);
}

static void pieces_merge_and_keep_their_order(void **state)
{
    (void)state;
    AUTO(live_text) struct live_text text = {0};
    struct live_piece piece;
    add(&text, SANDBOX_STDOUT, "one ");
    add(&text, SANDBOX_STDOUT, "two");
    add(&text, SANDBOX_STDERR, "bad");
    add(&text, SANDBOX_STDOUT, "");
    add(&text, SANDBOX_STDOUT, "three");
    take(&text, SANDBOX_STDOUT, "one two");
    take(&text, SANDBOX_STDERR, "bad");
    take(&text, SANDBOX_STDOUT, "three");
    assert_false(live_text_take(&text, &piece));
    assert_null(text.bytes.data);
}

static void characters_are_whole_and_valid(void **state)
{
    (void)state;
    AUTO(live_text) struct live_text text = {0};
    add(&text, SANDBOX_STDOUT, "a\xe2");
    add(&text, SANDBOX_STDERR, "\xf0\x9f");
    add(&text, SANDBOX_STDOUT, "\x82");
    add(&text, SANDBOX_STDOUT, "\xac");
    add(&text, SANDBOX_STDERR, "\x98\x80");
    take(&text, SANDBOX_STDOUT, "a\xe2\x82\xac");
    take(&text, SANDBOX_STDERR, "\xf0\x9f\x98\x80");
    /* Overlong, surrogate, beyond the last, alone, and NUL. */
    add(&text, SANDBOX_STDOUT, "\xc0\x80|\xed\xa0\x80|\xf4\x90\x80\x80|\x80");
    live_text_add(&text, SANDBOX_STDOUT, (struct bytes){"\0", 1});
    add(&text, SANDBOX_STDOUT, "\xe2\x82");
    live_text_end(&text);
#define R "\xef\xbf\xbd"
    take(&text, SANDBOX_STDOUT, R R "|" R R R "|" R R R R "|" R R R);
}

static void a_piece_ends_between_characters(void **state)
{
    (void)state;
    AUTO(live_text) struct live_text text = {0};
    struct live_piece piece;
    add(&text, SANDBOX_STDOUT, "a");
    for (int i = 0; i < 2000; i++)
        add(&text, SANDBOX_STDOUT, "\xe2\x82\xac");
    assert_true(live_text_take(&text, &piece));
    assert_int_equal(piece.len, 1 + 3 * 1365);
    assert_true(live_text_take(&text, &piece));
    assert_int_equal(piece.len, 3 * 635);
    assert_memory_equal(piece.text, "\xe2\x82\xac", 3);
}

/* All that is kept, and what is told of the rest, make the whole. */
static size_t take_all(struct live_text *text, int64_t *ret_dropped)
{
    struct live_piece piece;
    size_t len = 0;
    *ret_dropped = 0;
    while (live_text_take(text, &piece)) {
        assert_true(*ret_dropped == 0 || piece.dropped == 0); /* told once, in front */
        *ret_dropped += piece.dropped;
        len += piece.len;
    }
    return len;
}

static void the_oldest_goes_and_is_counted(void **state)
{
    (void)state;
    AUTO(live_text) struct live_text text = {0};
    int64_t dropped;
    size_t most = 0;
    for (int i = 0; i < 100000; i++) {
        add(&text, SANDBOX_STDOUT, "0123456789");
        most = text.bytes.len > most ? text.bytes.len : most;
    }
    assert_true(most <= 2 * LIVE_KEEP);
    size_t kept = take_all(&text, &dropped);
    assert_true(kept >= LIVE_KEEP);
    assert_int_equal((int64_t)kept + dropped, 1000000);
}

static void a_flood_in_one_chunk_leaves_its_end(void **state)
{
    (void)state;
    AUTO(live_text) struct live_text text = {0};
    AUTO(buffer) struct buffer flood = {0};
    int64_t dropped;
    add(&text, SANDBOX_STDERR, "before\xe2");
    for (int i = 0; i < 100000; i++)
        buffer_add_text(&flood, "\xe2\x82\xac");
    live_text_add(&text, SANDBOX_STDERR, buffer_bytes(&flood));
    size_t kept = take_all(&text, &dropped);
    assert_true(kept <= LIVE_KEEP && kept > LIVE_KEEP - 3);
    assert_int_equal(kept % 3, 0);
    assert_int_equal((int64_t)kept + dropped, 300007);
}

static void streams_that_take_turns_are_bounded(void **state)
{
    (void)state;
    AUTO(live_text) struct live_text text = {0};
    int64_t dropped;
    for (int i = 0; i < 1001; i++)
        add(&text, i % 2 ? SANDBOX_STDOUT : SANDBOX_STDERR, "xy");
    assert_true(text.span_count < LIVE_SPANS);
    size_t kept = take_all(&text, &dropped);
    assert_int_equal((int64_t)kept + dropped, 2002);
}

/* What came to Redis, and its numbers in order. */
struct heard {
    struct buffer text;
    int64_t last_seq;
    size_t count;
};

static void note_piece(void *context, const char *id, const char *json)
{
    struct heard *heard = context;
    struct error err = {0};
    AUTO(json) json_t *root = NULL;
    (void)id;
    assert_true(json_read_object(bytes_of(json), &root, &err));
    assert_true(json_integer_of(root, "seq", 0) > heard->last_seq);
    assert_int_equal(json_integer_of(root, "request_id", 0), 3);
    assert_int_equal(json_integer_of(root, "attempt_id", 0), 4);
    assert_int_equal(json_integer_of(root, "fence", 0), 5);
    heard->last_seq = json_integer_of(root, "seq", 0);
    heard->count++;
    buffer_printf(&heard->text, "%s:%s;", json_text_of(root, "stream"), json_text_of(root, "text"));
}

static void it_comes_to_redis_while_it_runs_and_at_the_end(void **state)
{
    (void)state;
    char prefix[32];
    snprintf(prefix, sizeof prefix, "l%d:", (int)getpid());
    struct error err = {0};
    struct redis *redis = redis_new(TEST_REDIS, prefix, 500);
    struct live *live = live_new(TEST_REDIS, prefix);
    struct live_run *run = live_begin(live, (struct live_about){3, 4, 5});
    struct heard heard = {0};
    char last[REDIS_ID_SIZE] = "0-0";
    live_say(run, SANDBOX_STDOUT, bytes_of("hello"));
    assert_true(redis_output_wait(redis, last, WAIT_MS, note_piece, &heard, &err));
    assert_string_equal(heard.text.data, "stdout:hello;");
    buffer_clear(&heard.text);
    for (int i = 0; i < 8; i++)
        live_say(run, SANDBOX_STDERR, bytes_of("x"));
    live_say(run, SANDBOX_STDOUT, bytes_of("\xe2"));
    live_end(run);
    live_free(live);
    while (!heard.text.len || !strstr(heard.text.data, "stdout:"))
        assert_true(redis_output_wait(redis, last, WAIT_MS, note_piece, &heard, &err));
    assert_string_equal(heard.text.data, "stderr:xxxxxxxx;stdout:" R ";");
    assert_int_equal(heard.count, 3);
    buffer_auto(&heard.text);
    redis_free(redis);
}

static void once_it_has_ended_all_of_it_is_there(void **state)
{
    (void)state;
    char prefix[32];
    snprintf(prefix, sizeof prefix, "m%d:", (int)getpid());
    struct error err = {0};
    struct redis *redis = redis_new(TEST_REDIS, prefix, 500);
    struct live *live = live_new(TEST_REDIS, prefix);
    char last[REDIS_ID_SIZE] = "0-0";
    for (int i = 0; i < 10; i++) {
        struct heard heard = {0};
        struct live_run *run = live_begin(live, (struct live_about){3, 4, 5});
        for (int j = 0; j < 12; j++) /* more pieces than go in one pass */
            live_say(run, j % 2 ? SANDBOX_STDOUT : SANDBOX_STDERR, bytes_of("x"));
        live_end(run);
        assert_true(redis_output_wait(redis, last, 1, note_piece, &heard, &err));
        assert_int_equal(heard.count, 12);
        buffer_auto(&heard.text);
    }
    live_free(live);
    redis_free(redis);
}

static void nobody_waits_for_a_redis_that_is_not_there(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer chunk = {0};
    struct live *live = live_new("unix:///nowhere/at/all", "");
    struct live_run *run = live_begin(live, (struct live_about){3, 4, 5});
    for (int i = 0; i < 4096; i++)
        buffer_add_text(&chunk, "0123456789abcdef");
    for (int i = 0; i < 1000; i++)
        live_say(run, SANDBOX_STDOUT, buffer_bytes(&chunk));
    live_end(run);
    live_end(live_begin(live, (struct live_about){3, 5, 5}));
    live_end(NULL);
    live_free(live);
}

/* Runs that printed and ended, and nobody takes what they said. */
static size_t memory_of(const char *redis_url)
{
    static char chunk[LIVE_KEEP];
    memset(chunk, 'x', sizeof chunk);
    struct live *live = live_new(redis_url, "");
    struct live_run *run = live_begin(live, (struct live_about){1, 1, 1});
    live_say(run, SANDBOX_STDOUT, bytes_of("this one goes on"));
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 4000; i++) {
        struct live_run *short_one = live_begin(live, (struct live_about){2, i, 1});
        live_say(short_one, SANDBOX_STDOUT, (struct bytes){chunk, sizeof chunk});
        live_end(short_one);
    }
    size_t after = mallinfo2().uordblks;
    live_say(run, SANDBOX_STDOUT, bytes_of("to its end"));
    live_end(run);
    live_free(live);
    return after > before ? after - before : 0;
}

static void what_has_ended_does_not_pile_up(void **state)
{
    (void)state;
    assert_in_range(memory_of("unix:///nowhere/at/all"), 0, 16000000);
    assert_in_range(memory_of(""), 0, 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_merge_and_keep_their_order),
        cmocka_unit_test(characters_are_whole_and_valid),
        cmocka_unit_test(a_piece_ends_between_characters),
        cmocka_unit_test(the_oldest_goes_and_is_counted),
        cmocka_unit_test(a_flood_in_one_chunk_leaves_its_end),
        cmocka_unit_test(streams_that_take_turns_are_bounded),
        cmocka_unit_test(it_comes_to_redis_while_it_runs_and_at_the_end),
        cmocka_unit_test(once_it_has_ended_all_of_it_is_there),
        cmocka_unit_test(nobody_waits_for_a_redis_that_is_not_there),
        cmocka_unit_test(what_has_ended_does_not_pile_up),
    };
    return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
