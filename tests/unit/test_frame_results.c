/* What comes out of a sandbox on descriptor 3 may be anything: only what is whole and right counts.
 */
#include "tests/unit/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "worker/sandbox/item.h"
#include "worker/sandbox/results.h"

static const struct bundle_limits limits = {.files = 2, .file_bytes = 1 << 20};

struct taken {
    struct buffer log; /* "kind mime name length;" for each item */
    struct buffer body;
    bool refuse;
};

static bool begin(void *context, const char *kind, const char *mime, const char *name)
{
    struct taken *taken = context;
    buffer_printf(&taken->log, "%s %s %s ", kind, mime, name);
    return !taken->refuse;
}

static bool add(void *context, struct bytes chunk)
{
    struct taken *taken = context;
    buffer_add(&taken->body, chunk.data, chunk.len);
    return chunk.len <= 1 << 20;
}

static bool end(void *context)
{
    struct taken *taken = context;
    buffer_printf(&taken->log, "%zu;", taken->body.len);
    buffer_clear(&taken->body);
    return true;
}

static void taken_auto(struct taken *taken)
{
    buffer_auto(&taken->log);
    buffer_auto(&taken->body);
}

static void frame(struct buffer *to, char kind, const char *const *fields, struct bytes body)
{
    AUTO(buffer) struct buffer meta = {0};
    for (size_t i = 0; fields && fields[i]; i++) {
        buffer_add_u32be(&meta, (uint32_t)strlen(fields[i]));
        buffer_add_text(&meta, fields[i]);
    }
    buffer_add(to, &kind, 1);
    buffer_add_u32be(to, (uint32_t)meta.len);
    buffer_add_u64be(to, body.len);
    buffer_add(to, meta.data ? meta.data : "", meta.len);
    buffer_add(to, body.data ? body.data : "", body.len);
}

static void item_frame(struct buffer *to, const char *kind, const char *name, const char *body)
{
    frame(to, 'I', (const char *const[]){kind, name, NULL}, bytes_of(body));
}

/* The end frame with the digest of everything before it. */
static void end_frame(struct buffer *to, const char *code, const char *name, const char *value)
{
    AUTO(buffer) struct buffer whole = {0};
    uint8_t digest[SHA256_SIZE] = {0};
    buffer_add(&whole, to->data, to->len);
    frame(&whole, 'E', (const char *const[]){code, name, value, NULL},
          (struct bytes){digest, sizeof digest});
    sha256((struct bytes){whole.data, whole.len - sizeof digest}, digest);
    memcpy(whole.data + whole.len - sizeof digest, digest, sizeof digest);
    buffer_clear(to);
    buffer_add(to, whole.data, whole.len);
}

static enum results_state read_in_pieces(const struct buffer *sent, size_t piece,
                                         struct taken *taken, struct results_end *ret_end)
{
    struct results results;
    struct sandbox_sink sink = {
        .context = taken, .item_begin = begin, .item_bytes = add, .item_end = end};
    results_start(&results, &limits);
    for (size_t at = 0; at < sent->len; at += piece) {
        size_t len = sent->len - at < piece ? sent->len - at : piece;
        results_take(&results, (struct bytes){sent->data + at, len}, &sink);
    }
    enum results_state state = results.sink_failed ? RESULTS_BAD : results.state;
    *ret_end = results.end;
    results_auto(&results);
    return state;
}

static void whole_run(struct buffer *to)
{
    frame(to, 'S', NULL, (struct bytes){0});
    item_frame(to, "result", "", "42");
    item_frame(to, "file", "a.csv", "a,b\n");
    end_frame(to, "3", "ValueError", "no \xc3\xa4pples");
}

static void honest_frames_in_any_pieces(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer sent = {0};
    whole_run(&sent);
    for (size_t piece = 1; piece <= sent.len; piece++) {
        AUTO(taken) struct taken taken = {0};
        struct results_end told;
        assert_int_equal(read_in_pieces(&sent, piece, &taken, &told), RESULTS_ENDED);
        assert_string_equal(taken.log.data, "result text/plain  2;file text/csv a.csv 4;");
        assert_int_equal(told.exit_code, 3);
        assert_string_equal(told.error_name, "ValueError");
        assert_string_equal(told.error_value, "no \xc3\xa4pples");
    }
}

static void ready_is_not_part_of_the_digest(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer run = {0};
    AUTO(buffer) struct buffer sent = {0};
    AUTO(taken) struct taken taken = {0};
    struct results_end told;
    whole_run(&run);
    frame(&sent, 'R', NULL, (struct bytes){0});
    buffer_add(&sent, run.data, run.len);
    assert_int_equal(read_in_pieces(&sent, 5, &taken, &told), RESULTS_ENDED);
}

/* A change anywhere is never taken for a good end. */
static void any_changed_byte_is_noticed(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer sent = {0};
    whole_run(&sent);
    for (size_t at = 0; at < sent.len; at++) {
        AUTO(taken) struct taken taken = {0};
        struct results_end told;
        sent.data[at] ^= 1;
        if (read_in_pieces(&sent, sent.len, &taken, &told) == RESULTS_ENDED)
            fail_msg("byte %zu", at);
        sent.data[at] ^= 1;
    }
}

static void any_missing_tail_is_noticed(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer sent = {0};
    whole_run(&sent);
    for (size_t len = 0; len < sent.len; len++) {
        AUTO(taken) struct taken taken = {0};
        struct results_end told;
        struct buffer cut = {.data = sent.data, .len = len};
        assert_int_not_equal(read_in_pieces(&cut, 3, &taken, &told), RESULTS_ENDED);
    }
}

static enum results_state state_after(const struct buffer *sent)
{
    AUTO(taken) struct taken taken = {0};
    struct results_end told;
    return read_in_pieces(sent, sent->len, &taken, &told);
}

static void items_that_lie_end_the_reading(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *name, *body;
    } lies[] = {
        {"shell", "", "x"},        {"table", "", "not json"},
        {"table", "x", "{}"},      {"result", "name", "x"},
        {"result", "", "\xff"},    {"traceback", "", "\xed\xa0\x80"},
        {"file", "", "x"},         {"file", "../x", "x"},
        {"file", ".ssh", "x"},     {"file", "a\nb", "x"},
        {"file", "a\\b", "x"},     {"chart", "a/b", "x"},
        {"file", "\xc0\xaf", "x"}, {"", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        AUTO(buffer) struct buffer sent = {0};
        frame(&sent, 'S', NULL, (struct bytes){0});
        item_frame(&sent, lies[i].kind, lies[i].name, lies[i].body);
        if (state_after(&sent) != RESULTS_BAD)
            fail_msg("item %zu was taken", i);
    }
}

static void more_items_than_the_limit(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer sent = {0};
    frame(&sent, 'S', NULL, (struct bytes){0});
    item_frame(&sent, "file", "a", "1");
    item_frame(&sent, "file", "b", "2");
    assert_int_equal(state_after(&sent), RESULTS_STARTED);
    item_frame(&sent, "file", "c", "3");
    assert_int_equal(state_after(&sent), RESULTS_BAD);
}

static void frames_out_of_order(void **state)
{
    (void)state;
    static const char *const orders[] = {"I", "E", "SS", "SR", "RR", "SI?"};
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        AUTO(buffer) struct buffer sent = {0};
        for (const char *at = orders[i]; *at; at++) {
            if (*at == 'I')
                item_frame(&sent, "result", "", "1");
            else if (*at == 'E')
                end_frame(&sent, "0", "", "");
            else
                frame(&sent, *at, NULL, (struct bytes){0});
        }
        if (state_after(&sent) != RESULTS_BAD)
            fail_msg("order %s was taken", orders[i]);
    }
}

/* Refused by the head: nobody waits for, or makes room for, what was announced. */
static void absurd_lengths(void **state)
{
    (void)state;
    static const char heads[][13] = {
        "I\0\0\0\0\0\0\0\1\0\0\0", "I\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
        "I\xff\xff\xff\xff\0\0\0\0\0\0\0", "I\0\0\x20\x01\0\0\0\0\0\0\0"};
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        AUTO(buffer) struct buffer sent = {0};
        frame(&sent, 'S', NULL, (struct bytes){0});
        buffer_add(&sent, heads[i], 13);
        assert_int_equal(state_after(&sent), RESULTS_BAD);
    }
}

static void wrong_ends(void **state)
{
    (void)state;
    static const char *const codes[] = {"", "-1", "256", "x", "1x", "99999999999"};
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        AUTO(buffer) struct buffer sent = {0};
        frame(&sent, 'S', NULL, (struct bytes){0});
        end_frame(&sent, codes[i], "", "");
        if (state_after(&sent) != RESULTS_BAD)
            fail_msg("exit code '%s' was taken", codes[i]);
    }
}

static void long_error_texts_are_cut_between_characters(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer sent = {0};
    AUTO(buffer) struct buffer value = {0};
    AUTO(taken) struct taken taken = {0};
    struct results_end told;
    while (value.len < 1500)
        buffer_add_text(&value, "\xe2\x82\xac");
    frame(&sent, 'S', NULL, (struct bytes){0});
    end_frame(&sent, "1", "E", value.data);
    assert_int_equal(read_in_pieces(&sent, 64, &taken, &told), RESULTS_ENDED);
    assert_int_equal(strlen(told.error_value), 510);
    assert_true(item_text_valid(bytes_of(told.error_value)));
}

/* Bytes made of pieces of real frames; the reader must only stay whole (asan watches). */
static void noise_never_ends_well(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer run = {0};
    whole_run(&run);
    unsigned seed = 20261120;
    for (int round = 0; round < 20000; round++) {
        AUTO(buffer) struct buffer sent = {0};
        int cuts = 1 + rand_r(&seed) % 4;
        for (int i = 0; i < cuts; i++) {
            size_t from = (size_t)rand_r(&seed) % run.len;
            buffer_add(&sent, run.data + from, (size_t)rand_r(&seed) % (run.len - from));
        }
        for (int i = 0; i < 3 && sent.len > 0; i++)
            sent.data[(size_t)rand_r(&seed) % sent.len] = (char)rand_r(&seed);
        assert_int_not_equal(state_after(&sent), RESULTS_ENDED);
    }
}

static void a_sink_that_refuses_is_told(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer sent = {0};
    AUTO(taken) struct taken taken = {.refuse = true};
    struct results_end told;
    whole_run(&sent);
    assert_int_equal(read_in_pieces(&sent, 9, &taken, &told), RESULTS_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_frames_in_any_pieces),
        cmocka_unit_test(ready_is_not_part_of_the_digest),
        cmocka_unit_test(any_changed_byte_is_noticed),
        cmocka_unit_test(any_missing_tail_is_noticed),
        cmocka_unit_test(items_that_lie_end_the_reading),
        cmocka_unit_test(more_items_than_the_limit),
        cmocka_unit_test(frames_out_of_order),
        cmocka_unit_test(absurd_lengths),
        cmocka_unit_test(wrong_ends),
        cmocka_unit_test(long_error_texts_are_cut_between_characters),
        cmocka_unit_test(noise_never_ends_well),
        cmocka_unit_test(a_sink_that_refuses_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
