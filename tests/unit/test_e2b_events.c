/* Proves: T19b */
#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"
#include "worker/sandbox/e2b/e2b_events.h"
#include "worker/sandbox/e2b/e2b_lines.h"
#include "worker/sandbox/e2b/e2b_table.h"

/* Everything that came out, as one text: "1:" and "2:" before streams, "[kind name mime]" before
 * items. */
struct heard {
    struct buffer text;
    int refuse_after; /* pieces of output; -1: never */
};

static bool hear(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    struct heard *heard = context;
    buffer_add_text(&heard->text, stream == SANDBOX_STDOUT ? "1:" : "2:");
    buffer_add(&heard->text, chunk.data, chunk.len);
    return heard->refuse_after-- != 0;
}

static bool begin(void *context, const char *kind, const char *mime, const char *name)
{
    struct heard *heard = context;
    buffer_printf(&heard->text, "[%s%s%s %s]", kind, *name ? " " : "", name, mime);
    return true;
}

static bool add(void *context, struct bytes chunk)
{
    struct heard *heard = context;
    buffer_add(&heard->text, chunk.data, chunk.len);
    return true;
}

static bool end(void *context)
{
    struct heard *heard = context;
    buffer_add_text(&heard->text, "\n");
    return true;
}

struct trial {
    struct heard heard;
    struct sandbox_sink sink;
    struct e2b_events events;
    bool fine;
};

static const struct bundle_limits plenty = {.output_bytes = 1000, .files = 4, .file_bytes = 2000};

static void start(struct trial *trial, struct bundle_limits limits)
{
    *trial = (struct trial){.heard = {.refuse_after = -1}, .fine = true};
    trial->sink = (struct sandbox_sink){&trial->heard, NULL, hear, begin, add, end};
    trial->events.items = (struct e2b_items){.sink = &trial->sink, .limits = limits};
    buffer_add_text(&trial->heard.text, "");
}

static void feed(struct trial *trial, const char *line)
{
    trial->fine = e2b_events_line(&trial->events, bytes_of(line), true);
}

static void stop(struct trial *trial)
{
    e2b_events_auto(&trial->events);
    buffer_auto(&trial->heard.text);
}

/* One line, and then the value of the last expression if there is one. */
static void expect(const char *line, const char *expected)
{
    struct trial trial;
    start(&trial, plenty);
    feed(&trial, line);
    if (trial.events.value)
        e2b_events_value(&trial.events);
    if (strcmp(trial.heard.text.data, expected) != 0)
        fail_msg("%s\n gave %s\n not  %s", line, trial.heard.text.data, expected);
    stop(&trial);
}

static void test_every_kind_of_line(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"type\":\"number_of_executions\",\"execution_count\":1}", ""},
        {"{\"type\":\"keepalive\"}", ""},
        {"{\"type\":\"end_of_execution\"}", ""},
        {"{\"type\":\"stdout\",\"text\":\"a\\r\\nb\",\"timestamp\":\"x\"}", "1:a\r\nb"},
        {"{\"type\":\"stderr\",\"text\":\"z\\u00fc\"}", "2:zü"},
        {"{\"type\":\"stdout\"}", ""},
        {"{\"type\":\"stdout\",\"text\":7}", ""},
        {"{\"type\":\"result\",\"is_main_result\":true,\"text\":\"42\",\"extra\":{}}",
         "[result text/plain]42\n"},
        {"{\"type\":\"result\",\"is_main_result\":false,\"text\":\"42\"}", "1:421:\n"},
        {"{\"type\":\"result\",\"is_main_result\":true,\"text\":\"<A>\",\"html\":\"<b>\"}",
         "[file result-1.html text/html]<b>\n[result text/plain]<A>\n"},
        {"{\"type\":\"result\",\"is_main_result\":true,\"json\":[1,{\"a\":2}]}",
         "[file result-1.json application/json][1,{\"a\":2}]\n"},
        {"{\"type\":\"result\",\"is_main_result\":true,\"svg\":\"<svg/>\",\"latex\":\"$x$\"}",
         "[file result-1.svg image/svg+xml]<svg/>\n"
         "[file result-2.tex application/octet-stream]$x$\n"},
        {"{\"type\":\"result\",\"is_main_result\":true,\"pdf\":\"JVBE\\nRi0=\\n\"}",
         "[file result-1.pdf application/pdf]%PDF-\n"},
        {"{\"type\":\"result\",\"is_main_result\":true,\"jpeg\":\"/9j/\",\"text\":\"<Image>\"}",
         "[file chart-1.jpg image/jpeg]\xff\xd8\xff\n"},
        {"{\"type\":\"result\",\"is_main_result\":true,\"png\":\"eA==\"}",
         "[file chart-1.png application/octet-stream]x\n"},
        {"{\"type\":\"result\",\"is_main_result\":true,\"png\":\"e!\"}",
         "2:countersign: a picture is no base64 and was not handed back\n"},
        {"{\"type\":\"result\",\"is_main_result\":true,\"extra\":{\"a/b\":\"c\"}}",
         "2:countersign: a value of the unknown type a/b became a file\n"
         "[file result-1.bin application/octet-stream]c\n"},
        {"{\"type\":\"error\",\"name\":\"E\",\"value\":\"v\",\"traceback\":\"\\u001b[0;31mE\\u001b["
         "0m: v\"}",
         "[traceback text/plain]E: v\n"},
        {"{\"type\":\"error\",\"name\":\"SystemExit\",\"value\":\"3\",\"traceback\":\"t\"}", ""},
        {"{\"type\":\"news\"}",
         "2:countersign: a line of the unknown type news from the service was skipped\n"},
        {"{\"text\":\"a\"}",
         "2:countersign: a line of the unknown type (none) from the service was skipped\n"},
        {"[]", "2:countersign: a line of 2 bytes from the service could not be read\n"},
        {"{\"type\":", "2:countersign: a line of 8 bytes from the service could not be read\n"},
        {"<html>", "2:countersign: a line of 6 bytes from the service could not be read\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        expect(rows[i][0], rows[i][1]);
}

static void test_nul_and_halves_of_pairs(void **state)
{
    (void)state;
    struct trial trial;
    start(&trial, plenty);
    feed(&trial, "{\"type\":\"stdout\",\"text\":\"a\\u0000b\"}"); /* output is bytes */
    assert_int_equal(trial.heard.text.len, 5);
    assert_memory_equal(trial.heard.text.data, "1:a\0b", 5);
    stop(&trial);
    expect("{\"type\":\"stdout\",\"text\":\"a\\ud83db\"}", "1:a\xef\xbf\xbd"
                                                           "b");
    expect("{\"type\":\"result\",\"is_main_result\":true,\"text\":\"a\\u0000b\"}",
           "[result text/plain]a\xef\xbf\xbd"
           "b\n");
}

static void test_the_first_error_is_the_cause(void **state)
{
    (void)state;
    struct trial trial;
    start(&trial, plenty);
    feed(&trial, "{\"type\":\"error\",\"name\":\"WebSocketError\",\"value\":\"gone\"}");
    feed(&trial, "{\"type\":\"error\",\"name\":\"Other\",\"value\":\"x\",\"traceback\":\"t\"}");
    assert_string_equal(trial.events.error_name, "WebSocketError");
    assert_string_equal(trial.events.error_value, "gone");
    assert_string_equal(trial.heard.text.data, "2:countersign: and then Other: x\n");
    stop(&trial);
}

static void test_nothing_counts_after_the_end(void **state)
{
    (void)state;
    struct trial trial;
    start(&trial, plenty);
    feed(&trial, "{\"type\":\"end_of_execution\"}");
    assert_true(trial.events.ended);
    feed(&trial, "{\"type\":\"end_of_execution\"}");
    feed(&trial, "{\"type\":\"stdout\",\"text\":\"late\"}");
    feed(&trial, "{\"type\":\"error\",\"name\":\"E\",\"value\":\"v\"}");
    assert_true(trial.fine);
    assert_false(trial.events.has_error);
    assert_string_equal(trial.heard.text.data, "");
    stop(&trial);
}

static void test_output_is_limited(void **state)
{
    (void)state;
    struct trial trial;
    start(&trial, (struct bundle_limits){.output_bytes = 5, .files = 1, .file_bytes = 100});
    feed(&trial, "{\"type\":\"stdout\",\"text\":\"abc\"}");
    assert_true(trial.fine);
    feed(&trial, "{\"type\":\"stderr\",\"text\":\"def\"}");
    assert_false(trial.fine);
    assert_true(trial.events.items.output_over);
    assert_string_equal(trial.heard.text.data, "1:abc2:de");
    stop(&trial);
    start(&trial, plenty);
    assert_false(e2b_events_line(&trial.events, bytes_of("{\"type\": \"stdout\", \"te"), false));
    assert_true(trial.events.items.output_over);
    stop(&trial);
    start(&trial, plenty);
    assert_true(e2b_events_line(&trial.events, bytes_of("{\"type\": \"result\", \"da"), false));
    assert_string_equal(trial.heard.text.data,
                        "2:countersign: a line of the service was too long and was skipped\n");
    stop(&trial);
}

static void test_a_sink_that_fails_ends_it(void **state)
{
    (void)state;
    struct trial trial;
    start(&trial, plenty);
    trial.heard.refuse_after = 0;
    feed(&trial, "{\"type\":\"stdout\",\"text\":\"abc\"}");
    assert_false(trial.fine);
    assert_true(trial.events.items.sink_failed);
    stop(&trial);
}

static void test_items_are_counted_and_limited(void **state)
{
    (void)state;
    struct trial trial;
    start(&trial, (struct bundle_limits){.output_bytes = 1000, .files = 1, .file_bytes = 3});
    feed(&trial, "{\"type\":\"result\",\"html\":\"long\"}");
    feed(&trial, "{\"type\":\"result\",\"html\":\"a\"}");
    feed(&trial, "{\"type\":\"result\",\"html\":\"b\"}");
    feed(&trial, "{\"type\":\"result\",\"html\":\"c\"}");
    e2b_items_close(&trial.events.items);
    assert_string_equal(
        trial.heard.text.data,
        "2:countersign: result-1.html has 4 bytes and was not handed back (limit 3)\n"
        "[file result-2.html text/html]a\n"
        "2:countersign: 2 more were made but not handed back: the limit of this run "
        "is reached\n");
    stop(&trial);
}

/* A service that makes no sense for ever may not fill our disks. */
static void test_notes_are_limited(void **state)
{
    (void)state;
    struct trial trial;
    start(&trial, plenty);
    for (int i = 0; i < 1000; i++)
        feed(&trial, "{\"type\":\"news\"}");
    assert_true(trial.fine);
    assert_true(trial.heard.text.len < 2000);
    stop(&trial);
}

static void test_the_same_picture_comes_once(void **state)
{
    (void)state;
    struct trial trial;
    start(&trial, plenty);
    for (int i = 0; i < 3; i++)
        feed(&trial, "{\"type\":\"result\",\"jpeg\":\"/9j/\"}");
    feed(&trial, "{\"type\":\"result\",\"jpeg\":\"/9j+\"}");
    assert_string_equal(trial.heard.text.data, "[file chart-1.jpg image/jpeg]\xff\xd8\xff\n"
                                               "[file chart-2.jpg image/jpeg]\xff\xd8\xfe\n");
    /* What plotting returned says nothing beside them. */
    feed(&trial, "{\"type\":\"result\",\"is_main_result\":true,"
                 "\"text\":\"[<matplotlib.lines.Line2D at 0x7f>]\"}");
    buffer_clear(&trial.heard.text);
    e2b_events_value(&trial.events);
    assert_string_equal(trial.heard.text.data, "");
    stop(&trial);
}

static void test_long_texts_lose_their_middle(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer text = {0};
    struct trial trial;
    for (int i = 0; i < 16385; i++)
        buffer_add_text(&text, "ä");
    start(&trial, plenty);
    e2b_items_text(&trial.events.items, "result", buffer_bytes(&text));
    assert_int_equal(trial.heard.text.len,
                     strlen("[result text/plain]\n") + 2 * 16384 + strlen("\n… shortened …\n"));
    stop(&trial);
    start(&trial, plenty);
    e2b_items_text(&trial.events.items, "result", (struct bytes){text.data, text.len - 2});
    assert_int_equal(trial.heard.text.len, strlen("[result text/plain]\n") + 2 * 16384);
    stop(&trial);
}

static void test_what_looks_like_a_table(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool table;
    } rows[] = {
        {"{\"type\":\"result\",\"is_main_result\":true,\"data\":{\"a\":[1]},\"text\":\"x\"}", true},
        {"{\"type\":\"result\",\"is_main_result\":true,\"text\":\"0 1\\n1 2\\ndtype: int64\"}",
         true},
        {"{\"type\":\"result\",\"is_main_result\":true,\"text\":\"0 1\\nName: v, dtype: int64\"}",
         true},
        {"{\"type\":\"result\",\"is_main_result\":true,\"text\":\"dtype: int64\\nelse\"}", false},
        {"{\"type\":\"result\",\"is_main_result\":true,\"text\":\"dtype: x\"}", false},
        {"{\"type\":\"result\",\"is_main_result\":true,\"text\":\"\"}", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct trial trial;
        start(&trial, plenty);
        feed(&trial, rows[i].line);
        assert_non_null(trial.events.value);
        if (e2b_events_table(&trial.events) != rows[i].table)
            fail_msg("%s", rows[i].line);
        stop(&trial);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_line),
        cmocka_unit_test(test_nul_and_halves_of_pairs),
        cmocka_unit_test(test_the_first_error_is_the_cause),
        cmocka_unit_test(test_nothing_counts_after_the_end),
        cmocka_unit_test(test_output_is_limited),
        cmocka_unit_test(test_a_sink_that_fails_ends_it),
        cmocka_unit_test(test_items_are_counted_and_limited),
        cmocka_unit_test(test_notes_are_limited),
        cmocka_unit_test(test_the_same_picture_comes_once),
        cmocka_unit_test(test_long_texts_lose_their_middle),
        cmocka_unit_test(test_what_looks_like_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
