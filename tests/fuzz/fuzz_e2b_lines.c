/* What E2B sends while code runs: cut into lines, read, handed on. Input: the limits (three
 * bytes), how to cut the stream (one), the stream. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/sink.h"
#include "worker/sandbox/e2b/e2b_events.h"
#include "worker/sandbox/e2b/e2b_lines.h"

#define LINE_MAX 512

struct seen {
    struct e2b_events events;
    struct sink_kept kept;
    struct sandbox_sink sink;
    bool fine;
};

static void read_stream(struct bytes stream, uint8_t cut, const struct bundle_limits *limits,
                        struct seen *seen)
{
    struct e2b_lines lines = {.line_max = LINE_MAX, .left = 2 * stream.len};
    seen->sink = sink_for(&seen->kept);
    seen->events.items = (struct e2b_items){.sink = &seen->sink, .limits = *limits};
    seen->fine = true;
    for (size_t at = 0; at < stream.len && seen->fine;) {
        size_t len = cut ? fuzz_piece(&cut, stream.len - at) : stream.len;
        AUTO(text) char *piece = fuzz_copy((struct bytes){(const char *)stream.data + at, len});
        seen->fine =
            e2b_lines_take(&lines, (struct bytes){piece, len}, e2b_events_line, &seen->events);
        at += len;
    }
    seen->fine = seen->fine && e2b_lines_end(&lines, e2b_events_line, &seen->events);
    if (seen->fine)
        e2b_events_value(&seen->events);
    e2b_items_close(&seen->events.items);
    e2b_lines_auto(&lines);
}

/* Notes of ours come on top of what the code may print. */
static void check_limits(const struct seen *seen, const struct bundle_limits *limits)
{
    const struct sink_kept *kept = &seen->kept;
    size_t printed = kept->streams[0].len + kept->streams[1].len;
    CLAIM(seen->events.items.output_bytes <= limits->output_bytes);
    CLAIM(kept->streams[0].len <= (size_t)limits->output_bytes);
    CLAIM(printed <= (size_t)limits->output_bytes + 21 * 340);
    CLAIM(kept->counted <= limits->files && kept->item_count - kept->counted <= RESULTS_TEXTS);
    CLAIM(!kept->in_item && kept->largest <= RESULTS_TEXT_LIMIT);
    CLAIM(fuzz_is_utf8(bytes_of(seen->events.error_name)));
    CLAIM(fuzz_is_utf8(bytes_of(seen->events.error_value)));
    if (!seen->fine)
        CLAIM(seen->events.items.output_over);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    struct bundle_limits limits = {.output_bytes = 4 * fuzz_byte(&fuzz),
                                   .files = fuzz_byte(&fuzz) % 5,
                                   .file_bytes = 2 * fuzz_byte(&fuzz)};
    uint8_t cut = fuzz_byte(&fuzz);
    struct bytes stream = fuzz_rest(&fuzz);
    struct seen whole = {0}, cut_up = {0};
    read_stream(stream, 0, &limits, &whole);
    read_stream(stream, cut ? cut : 1, &limits, &cut_up);
    check_limits(&whole, &limits);
    CLAIM(whole.fine == cut_up.fine && sink_same(&whole.kept, &cut_up.kept));
    CLAIM(whole.events.ended == cut_up.events.ended);
    CLAIM(strcmp(whole.events.error_value, cut_up.events.error_value) == 0);
    e2b_events_auto(&whole.events);
    e2b_events_auto(&cut_up.events);
    sink_free(&whole.kept);
    sink_free(&cut_up.kept);
    return 0;
}
