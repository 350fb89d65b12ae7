/* A log that is read again and again, cut anywhere: every byte is handed on once, and in order. */
/* Proves: T19b */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "worker/sandbox/daytona/daytona_log.h"

struct taken {
    struct buffer streams[2];
    size_t room; /* bytes after which it says no */
};

static bool take(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    struct taken *taken = context;
    if (taken->streams[stream].len + chunk.len > taken->room)
        return false;
    buffer_add(&taken->streams[stream], chunk.data, chunk.len);
    return true;
}

static void taken_auto(struct taken *taken)
{
    buffer_auto(&taken->streams[0]);
    buffer_auto(&taken->streams[1]);
}

static struct daytona_log start(struct taken *taken)
{
    *taken = (struct taken){.room = 1 << 20};
    buffer_add_text(&taken->streams[0], "");
    buffer_add_text(&taken->streams[1], "");
    return (struct daytona_log){.take = take, .context = taken};
}

static bool read_in(struct daytona_log *log, const char *json, size_t step, bool last)
{
    daytona_log_begin(log, last);
    size_t len = strlen(json);
    for (size_t at = 0; at < len; at += step)
        if (!daytona_log_take(log, (struct bytes){json + at, at + step < len ? step : len - at}))
            return false;
    return daytona_log_end(log);
}

static const char mixed[] =
    " {\"output\":\"\\u0001\\u0001\\u0001a \\\"b\\\" "
    "\\\\\",\"x\":{\"y\":[1,\"}\",{}]},\"n\":-1.5e3,"
    "\"stdout\" : \"a\\n\\u00e4\\ud83d\\ude00\xc3\xbc\\t\\\"\\\\\\/\\u0000z\\ud800!\\udc00\\n\","
    "\"stderr\":\"e\\r\\n\",\"none\":null} \n";
static const char mixed_out[] =
    "a\n\xc3\xa4\xf0\x9f\x98\x80\xc3\xbc\t\"\\/\0z\xef\xbf\xbd!\xef\xbf\xbd\n";

static void in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t step = 1; step < sizeof mixed; step++) {
        AUTO(taken) struct taken taken;
        struct daytona_log log = start(&taken);
        assert_true(read_in(&log, mixed, step, true));
        assert_int_equal(taken.streams[0].len, sizeof mixed_out - 1);
        assert_memory_equal(taken.streams[0].data, mixed_out, sizeof mixed_out - 1);
        assert_string_equal(taken.streams[1].data, "e\r\n");
    }
}

static void only_what_is_new(void **state)
{
    (void)state;
    AUTO(taken) struct taken taken;
    struct daytona_log log = start(&taken);
    assert_true(read_in(&log, "{\"stdout\":\"\",\"stderr\":\"\",\"output\":\"\"}", 7, false));
    assert_true(read_in(&log, "{\"stdout\":\"one\\n\",\"stderr\":\"\"}", 7, false));
    assert_string_equal(taken.streams[0].data, "one\n");
    assert_true(read_in(&log, "{\"stdout\":\"one\\n\",\"stderr\":\"E\\n\"}", 7, false));
    assert_true(read_in(&log, "{\"stdout\":\"one\\ntwo\\n\",\"stderr\":\"E\\n\"}", 7, true));
    assert_true(read_in(&log, "{\"stdout\":\"one\\ntwo\\n\",\"stderr\":\"E\\n\"}", 7, true));
    assert_string_equal(taken.streams[0].data, "one\ntwo\n");
    assert_string_equal(taken.streams[1].data, "E\n");
}

/* The answer was made between two bytes of a character. */
static void half_a_character_waits(void **state)
{
    (void)state;
    AUTO(taken) struct taken taken;
    struct daytona_log log = start(&taken);
    assert_true(read_in(&log, "{\"stdout\":\"a\xef\xbf\xbd\\ufffd\",\"stderr\":\"\"}", 5, false));
    assert_string_equal(taken.streams[0].data, "a");
    assert_true(read_in(&log, "{\"stdout\":\"a\xf0\x9f\x98\x80z\",\"stderr\":\"\"}", 5, false));
    assert_string_equal(taken.streams[0].data, "a\xf0\x9f\x98\x80z");
    assert_true(
        read_in(&log, "{\"stdout\":\"a\xf0\x9f\x98\x80z\\ufffd\",\"stderr\":\"\"}", 5, true));
    assert_string_equal(taken.streams[0].data, "a\xf0\x9f\x98\x80z\xef\xbf\xbd");
}

static void marks_are_taken_off(void **state)
{
    (void)state;
    static const struct {
        const char *json, *out;
        bool marked;
    } cases[] = {
        {"{\"stdout\":\"a\\u001e\\n\",\"stderr\":\"\"}", "a", true},
        {"{\"stdout\":\"a\\n\\u001e\\n\",\"stderr\":\"\"}", "a\n", true},
        {"{\"stdout\":\"a\\u001e\",\"stderr\":\"\"}", "a", true},
        {"{\"stdout\":\"a\\u001e\\u001e\\n\",\"stderr\":\"\"}", "a\x1e", true},
        {"{\"stdout\":\"\\u001e\\n\",\"stderr\":\"\"}", "", true},
        {"{\"stdout\":\"a\\u001e\\nb\\n\",\"stderr\":\"\"}", "a\x1e\nb\n", false},
        {"{\"stdout\":\"\",\"stderr\":\"\\u001e\\n\"}", "", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(taken) struct taken taken;
        struct daytona_log log = start(&taken);
        assert_true(read_in(&log, cases[i].json, 3, false));
        assert_true(read_in(&log, cases[i].json, 4, true));
        assert_string_equal(taken.streams[0].data, cases[i].out);
        assert_int_equal(log.marked[SANDBOX_STDOUT], cases[i].marked);
    }
}

static void what_is_no_log(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{}",
        "null",
        "<html>",
        "[\"stdout\"]",
        "{\"output\":\"x\"}",
        "{\"stdout\":null,\"stderr\":null}",
        "{\"stdout\":\"a\"",
        "{\"stdout\":\"a\nb\"}",
        "{\"stdout\":\"\\x\"}",
        "{\"stdout\":\"\\u00g0\"}",
        "{\"stdout\":\"a\"} {",
        "{\"stdout\" \"a\"}",
        "\x01\x01\x01raw",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        AUTO(taken) struct taken taken;
        struct daytona_log log = start(&taken);
        if (read_in(&log, texts[i], 2, true))
            fail_msg("taken: %s", texts[i]);
    }
}

static void the_taker_may_stop_it(void **state)
{
    (void)state;
    AUTO(taken) struct taken taken;
    struct daytona_log log = start(&taken);
    taken.room = 10;
    AUTO(buffer) struct buffer json = {0};
    buffer_add_text(&json, "{\"stdout\":\"");
    for (int i = 0; i < 100000; i++)
        buffer_add_text(&json, "0123456789");
    buffer_add_text(&json, "\"}");
    assert_false(read_in(&log, json.data, 4096, false));
    assert_true(log.stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_pieces_of_any_size),  cmocka_unit_test(only_what_is_new),
        cmocka_unit_test(half_a_character_waits), cmocka_unit_test(marks_are_taken_off),
        cmocka_unit_test(what_is_no_log),         cmocka_unit_test(the_taker_may_stop_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
