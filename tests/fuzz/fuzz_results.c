/* What comes out of a sandbox on descriptor 3. Input: the limits (two bytes), how to cut the
 * stream (one), then frames: a letter, the fields each with a length, the body with a length. A
 * small letter is a frame whose digest is wrong; '!' stands for bytes that are no frame. */
#include "common/base/crypto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/sink.h"
#include "worker/sandbox/results.h"

struct written {
    struct buffer bytes;
    struct sha256 sha;
};

static void add_field(struct buffer *meta, struct bytes field)
{
    buffer_add_u32be(meta, (uint32_t)field.len);
    buffer_add(meta, field.data, field.len);
}

static void add_frame(struct fuzz *fuzz, uint8_t letter, struct written *out)
{
    AUTO(buffer) struct buffer meta = {0};
    uint8_t digest[SHA256_SIZE], kind = letter & 0xdf;
    size_t fields = kind == 'E' ? 3 : kind == 'I' ? 2 : 0;
    if (kind != letter)
        fields = fuzz_byte(fuzz) % 5;
    for (size_t i = 0; i < fields; i++)
        add_field(&meta, fuzz_some(fuzz, 255));
    struct bytes body = kind == 'I' || kind != letter ? fuzz_some(fuzz, 255) : (struct bytes){0};
    size_t start = out->bytes.len;
    buffer_add(&out->bytes, &kind, 1);
    buffer_add_u32be(&out->bytes, (uint32_t)meta.len);
    buffer_add_u64be(&out->bytes, kind == 'E' && kind == letter ? sizeof digest : body.len);
    buffer_add(&out->bytes, meta.data, meta.len);
    struct bytes head = {out->bytes.data + start, out->bytes.len - start};
    sha256_add(&out->sha, head);
    sha256_add(&out->sha, body);
    buffer_add(&out->bytes, body.data, body.len);
    if (kind == 'R')
        sha256_start(&out->sha);
    if (kind == 'E' && kind == letter) {
        struct sha256 copy = out->sha;
        sha256_end(&copy, digest);
        buffer_add(&out->bytes, digest, sizeof digest);
    }
}

static void write_stream(struct fuzz *fuzz, struct written *out)
{
    sha256_start(&out->sha);
    while (fuzz->at < fuzz->end) {
        uint8_t letter = fuzz_byte(fuzz);
        struct bytes raw = letter == '!' ? fuzz_some(fuzz, 255) : (struct bytes){0};
        if (letter == '!')
            buffer_add(&out->bytes, raw.data, raw.len);
        else
            add_frame(fuzz, letter, out);
    }
}

static void read_stream(struct bytes stream, uint8_t cut, const struct bundle_limits *limits,
                        struct results *results, struct sink_kept *kept)
{
    struct sandbox_sink sink = sink_for(kept);
    results_start(results, limits);
    for (size_t at = 0; at < stream.len;) {
        size_t len = cut ? fuzz_piece(&cut, stream.len - at) : stream.len;
        AUTO(text) char *piece = fuzz_copy((struct bytes){(const char *)stream.data + at, len});
        bool over = results->state == RESULTS_ENDED || results->state == RESULTS_BAD;
        int64_t before = kept->item_count;
        results_take(results, (struct bytes){piece, len}, &sink);
        CLAIM(!over || kept->item_count == before);
        at += len;
    }
}

static uint64_t number_at(const uint8_t *at, int size)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | at[i];
    return value;
}

/* A second reading: the digest in the first end is that of all frames since the last 'R'. */
static bool digest_is_right(struct bytes stream)
{
    const uint8_t *data = stream.data;
    struct sha256 sha;
    uint8_t digest[SHA256_SIZE];
    sha256_start(&sha);
    for (size_t at = 0; stream.len - at >= 13;) {
        size_t head = 13 + (size_t)number_at(data + at + 1, 4);
        size_t body = (size_t)number_at(data + at + 5, 8);
        if (data[at] == 'E') {
            sha256_add(&sha, (struct bytes){data + at, head});
            sha256_end(&sha, digest);
            return body == sizeof digest && memcmp(digest, data + at + head, body) == 0;
        }
        sha256_add(&sha, (struct bytes){data + at, head + body});
        if (data[at] == 'R')
            sha256_start(&sha);
        at += head + body;
    }
    return false;
}

static void check_end(const struct results *results, struct bytes stream)
{
    if (results->state != RESULTS_ENDED)
        return;
    CLAIM(digest_is_right(stream));
    CLAIM(results->end.exit_code >= 0 && results->end.exit_code <= 255);
    CLAIM(fuzz_is_utf8(bytes_of(results->end.error_name)));
    CLAIM(fuzz_is_utf8(bytes_of(results->end.error_value)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    struct bundle_limits limits = {.files = fuzz_byte(&fuzz) % 5, .file_bytes = fuzz_byte(&fuzz)};
    uint8_t cut = fuzz_byte(&fuzz);
    struct written written = {0};
    struct results whole, cut_up;
    struct sink_kept kept = {0}, again = {0};
    write_stream(&fuzz, &written);
    read_stream(buffer_bytes(&written.bytes), 0, &limits, &whole, &kept);
    read_stream(buffer_bytes(&written.bytes), cut ? cut : 1, &limits, &cut_up, &again);
    CLAIM(whole.state == cut_up.state && sink_same(&kept, &again));
    CLAIM(whole.end.exit_code == cut_up.end.exit_code && !kept.in_item);
    CLAIM(kept.counted <= limits.files && kept.item_count - kept.counted <= RESULTS_TEXTS);
    CLAIM(kept.largest <= RESULTS_TEXT_LIMIT);
    check_end(&whole, buffer_bytes(&written.bytes));
    results_auto(&whole);
    results_auto(&cut_up);
    sink_free(&kept);
    sink_free(&again);
    buffer_auto(&written.bytes);
    return 0;
}
