/* A command's log as Daytona gives it, the whole of it each time. Input: how to cut the answer
 * into pieces (one byte), how much of it was there at the first look (one), the answer. */
#include "common/base/json.h"
#include "tests/fuzz/fuzz.h"
#include "worker/sandbox/daytona/daytona_log.h"

struct shown {
    struct buffer streams[2];
    bool fine;
    bool marked[2];
};

static bool keep(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    struct shown *shown = context;
    CLAIM((stream == SANDBOX_STDOUT || stream == SANDBOX_STDERR) && chunk.len > 0);
    buffer_add(&shown->streams[stream], chunk.data, chunk.len);
    return true;
}

/* One look at the log. `cut` 0: in one piece. */
static void look(struct daytona_log *log, struct bytes answer, uint8_t cut, bool last)
{
    struct shown *shown = log->context;
    daytona_log_begin(log, last);
    bool fine = true;
    for (size_t at = 0; at < answer.len && fine;) {
        size_t len = cut ? fuzz_piece(&cut, answer.len - at) : answer.len;
        AUTO(text) char *piece = fuzz_copy((struct bytes){(const char *)answer.data + at, len});
        fine = daytona_log_take(log, (struct bytes){piece, len});
        at += len;
    }
    shown->fine = fine && daytona_log_end(log);
    memcpy(shown->marked, log->marked, sizeof shown->marked);
}

static void free_shown(struct shown *shown)
{
    buffer_auto(&shown->streams[0]);
    buffer_auto(&shown->streams[1]);
}

/* What a reader of JSON finds there, without the mark of our bootstrap at its end. */
static struct bytes expected_of(const json_t *root, const char *key)
{
    const json_t *value = json_object_get(root, key);
    struct bytes text = {json_string_value(value), json_string_length(value)};
    const char *data = text.data;
    if (text.len > 1 && data[text.len - 1] == '\n' && data[text.len - 2] == 0x1e)
        text.len -= 2;
    else if (text.len > 0 && data[text.len - 1] == 0x1e)
        text.len--;
    return text;
}

static bool has_escaped_key(const json_t *root, struct bytes answer)
{
    /* It refuses a backslash in a key, which no such answer has. */
    const char *key;
    json_t *value;
    if (!memchr(answer.data, '\\', answer.len))
        return false;
    json_object_foreach ((json_t *)root, key, value) {
        AUTO(buffer) struct buffer quoted = {0};
        buffer_printf(&quoted, "\"%s\"", key);
        if (!memmem(answer.data, answer.len, quoted.data, quoted.len))
            return true;
    }
    return false;
}

static void check_against_json(struct bytes answer, const struct shown *shown)
{
    static const char *const keys[] = {"stdout", "stderr"};
    AUTO(json)
    json_t *root =
        json_loadb(answer.data, answer.len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root) || has_escaped_key(root, answer))
        return;
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        found |= json_is_string(json_object_get(root, keys[i]));
        if (shown->fine)
            CLAIM(bytes_equal(buffer_bytes(&shown->streams[i]), expected_of(root, keys[i])));
    }
    CLAIM(!shown->fine || found);
}

/* Looked at twice, once when only `part` of each stream was there: nothing is shown twice and
 * nothing is left out. */
static void check_growth(const struct shown *whole, uint8_t part)
{
    struct shown shown = {0};
    struct daytona_log log = {.take = keep, .context = &shown};
    for (int last = 0; last < 2; last++) {
        AUTO(json) json_t *root = json_object();
        for (int i = 0; i < 2; i++) {
            struct bytes text = buffer_bytes(&whole->streams[i]);
            size_t len = last ? text.len : part % (text.len + 1);
            const uint8_t *data = text.data;
            while (len > 0 && len < text.len && data[len] >> 6 == 2)
                len--;
            json_object_set_new(root, i ? "stderr" : "stdout",
                                json_stringn(len ? text.data : "", len));
        }
        AUTO(text) char *answer = json_dumps(root, 0);
        look(&log, bytes_of(answer), 0, last);
        CLAIM(shown.fine);
    }
    for (int i = 0; i < 2; i++) {
        struct bytes now = buffer_bytes(&shown.streams[i]), then = buffer_bytes(&whole->streams[i]);
        then.len -= shown.marked[i] ? then.len - now.len : 0;
        CLAIM(bytes_equal(now, then));
    }
    free_shown(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    uint8_t cut = fuzz_byte(&fuzz), part = fuzz_byte(&fuzz);
    struct bytes answer = fuzz_rest(&fuzz);
    struct shown whole = {0}, cut_up = {0};
    struct daytona_log one = {.take = keep, .context = &whole};
    struct daytona_log other = {.take = keep, .context = &cut_up};
    look(&one, answer, 0, true);
    look(&other, answer, cut ? cut : 1, true);
    CLAIM(whole.fine == cut_up.fine);
    if (whole.fine) {
        for (int i = 0; i < 2; i++)
            CLAIM(bytes_equal(buffer_bytes(&whole.streams[i]), buffer_bytes(&cut_up.streams[i])));
        check_against_json(answer, &whole);
        if (fuzz_is_utf8(buffer_bytes(&whole.streams[0])) &&
            fuzz_is_utf8(buffer_bytes(&whole.streams[1])))
            check_growth(&whole, part);
    }
    free_shown(&whole);
    free_shown(&cut_up);
    return 0;
}
