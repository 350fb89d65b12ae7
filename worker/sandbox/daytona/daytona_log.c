#include "worker/sandbox/daytona/daytona_log.h"

#include <string.h>

#define OTHER 2 /* in place of a stream */
#define DEPTH_MAX 32
#define OUT_SIZE 4096
#define MARK 0x1e
#define REPLACED 0xfffd

enum state { BEFORE, FIRST_KEY, KEY, COLON, VALUE, TEXT, SKIP, SKIP_TEXT, AFTER, DONE, WRONG };

/* What is to be handed on of the part that is read now. */
struct out {
    struct daytona_log *log;
    char data[OUT_SIZE];
    size_t len;
};

static void flush(struct out *out)
{
    struct daytona_log *log = out->log;
    if (out->len > 0 && !log->stopped &&
        !log->take(log->context, log->stream, (struct bytes){out->data, out->len}))
        log->stopped = true;
    out->len = 0;
}

static void emit(struct out *out, const char *data, size_t len)
{
    if (out->len + len > sizeof out->data)
        flush(out);
    memcpy(out->data + out->len, data, len);
    out->len += len;
    out->log->seen[out->log->stream] += len;
}

/* The newest bytes wait: at the end of what there is now may be half a
 * character, shown as replaced, or the mark. */
static void put_byte(struct out *out, char byte)
{
    struct daytona_log *log = out->log;
    if (log->at++ < log->seen[log->stream])
        return;
    if (log->tail_len == sizeof log->tail) {
        emit(out, log->tail, 1);
        memmove(log->tail, log->tail + 1, sizeof log->tail - 1);
        log->tail_len--;
    }
    log->tail[log->tail_len++] = byte;
}

static void put_character(struct out *out, uint32_t value)
{
    static const uint8_t heads[] = {0, 0xc0, 0xe0, 0xf0};
    int more = value < 0x80 ? 0 : value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
    put_byte(out, (char)(heads[more] | value >> 6 * more));
    while (more-- > 0)
        put_byte(out, (char)(0x80 | (value >> 6 * more & 0x3f)));
}

static bool ends_in(const struct daytona_log *log, size_t len, const char *text)
{
    size_t size = strlen(text);
    return len >= size && memcmp(log->tail + len - size, text, size) == 0;
}

static void end_text(struct out *out)
{
    struct daytona_log *log = out->log;
    if (log->surrogate)
        put_character(out, REPLACED);
    log->surrogate = 0;
    size_t len = log->tail_len;
    size_t mark = ends_in(log, len, "\x1e\n") ? 2 : ends_in(log, len, "\x1e") ? 1 : 0;
    log->marked[log->stream] = mark > 0;
    len -= mark;
    while (!log->last && ends_in(log, len, "\xef\xbf\xbd"))
        len -= 3;
    emit(out, log->tail, len);
    flush(out);
    log->tail_len = 0;
}

static void begin_text(struct daytona_log *log)
{
    log->found = true;
    log->at = 0;
    log->tail_len = 0;
    log->surrogate = 0;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One \uXXXX; two of them may be one character. */
static void put_unit(struct out *out, uint16_t unit)
{
    struct daytona_log *log = out->log;
    uint16_t first = log->surrogate;
    log->surrogate = 0;
    if (first && unit >= 0xdc00 && unit < 0xe000) {
        put_character(out, 0x10000u + ((first & 0x3ffu) << 10) + (unit & 0x3ffu));
        return;
    }
    if (first)
        put_character(out, REPLACED);
    if (unit >= 0xd800 && unit < 0xdc00)
        log->surrogate = unit;
    else
        put_character(out, unit >= 0xdc00 && unit < 0xe000 ? REPLACED : unit);
}

static enum state escape(struct out *out, char c)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    struct daytona_log *log = out->log;
    if (log->digits > 0) {
        int digit = hex_of(c);
        log->unit = (uint16_t)(log->unit << 4 | (digit & 15));
        if (digit >= 0 && --log->digits == 0) {
            log->escaped = false;
            put_unit(out, log->unit);
        }
        return digit >= 0 ? TEXT : WRONG;
    }
    if (c == 'u') {
        log->digits = 4;
        log->unit = 0;
        return TEXT;
    }
    const char *name = c ? strchr(names, c) : NULL;
    if (!name)
        return WRONG;
    log->escaped = false;
    put_unit(out, (uint16_t)values[name - names]);
    return TEXT;
}

static enum state text(struct out *out, char c)
{
    struct daytona_log *log = out->log;
    if (log->escaped)
        return escape(out, c);
    if (c == '\\') {
        log->escaped = true;
        return TEXT;
    }
    if (c == '"') {
        end_text(out);
        return AFTER;
    }
    if ((unsigned char)c < 0x20)
        return WRONG;
    if (log->surrogate) /* a lone half, and this is no other */
        put_character(out, REPLACED);
    log->surrogate = 0;
    put_byte(out, c);
    return TEXT;
}

/* Within a value that is not looked at: a text, a number, anything nested. */
static enum state skip(struct daytona_log *log, char c)
{
    if (c == '"')
        return SKIP_TEXT;
    if (c == '{' || c == '[')
        return ++log->depth > DEPTH_MAX ? WRONG : SKIP;
    if ((c == '}' || c == ']') && log->depth > 0)
        return --log->depth > 0 ? SKIP : AFTER;
    if (log->depth == 0 && (c == ',' || c == '}'))
        return c == ',' ? FIRST_KEY : DONE;
    return SKIP;
}

static enum state skip_text(struct daytona_log *log, char c)
{
    if (log->escaped)
        log->escaped = false;
    else if (c == '\\')
        log->escaped = true;
    else if (c == '"')
        return log->depth > 0 ? SKIP : AFTER;
    return SKIP_TEXT;
}

static enum state key(struct daytona_log *log, char c)
{
    if (c == '"') {
        bool out = log->key_len == 6 && memcmp(log->key, "stdout", 6) == 0;
        bool err = log->key_len == 6 && memcmp(log->key, "stderr", 6) == 0;
        log->stream = out ? SANDBOX_STDOUT : err ? SANDBOX_STDERR : OTHER;
        return COLON;
    }
    if (log->key_len < sizeof log->key)
        log->key[log->key_len++] = c;
    return c == '\\' ? WRONG : KEY;
}

static enum state value(struct daytona_log *log, char c)
{
    log->depth = 0;
    if (c != '"')
        return skip(log, c);
    if (log->stream == OTHER)
        return SKIP_TEXT;
    begin_text(log);
    return TEXT;
}

static uint8_t between(struct daytona_log *log, char c)
{
    if (c && strchr(" \t\r\n", c))
        return log->state;
    log->key_len = 0;
    switch (log->state) {
    case BEFORE:
        return c == '{' ? FIRST_KEY : WRONG;
    case FIRST_KEY:
        return c == '"' ? KEY : c == '}' ? DONE : WRONG;
    case COLON:
        return c == ':' ? VALUE : WRONG;
    case VALUE:
        return value(log, c);
    case AFTER:
        return c == ',' ? FIRST_KEY : c == '}' ? DONE : WRONG;
    default:
        return WRONG; /* something behind the end */
    }
}

void daytona_log_begin(struct daytona_log *log, bool last)
{
    log->last = last;
    log->state = BEFORE;
    log->escaped = false;
    log->found = false;
    log->digits = 0;
    log->tail_len = 0;
    log->marked[0] = log->marked[1] = false;
}

bool daytona_log_take(struct daytona_log *log, struct bytes part)
{
    struct out out = {.log = log};
    const char *data = part.data;
    for (size_t i = 0; i < part.len && log->state != WRONG && !log->stopped; i++) {
        switch (log->state) {
        case KEY:
            log->state = key(log, data[i]);
            break;
        case TEXT:
            log->state = text(&out, data[i]);
            break;
        case SKIP:
            log->state = skip(log, data[i]);
            break;
        case SKIP_TEXT:
            log->state = skip_text(log, data[i]);
            break;
        default:
            log->state = between(log, data[i]);
        }
    }
    if (log->state == TEXT)
        flush(&out);
    return log->state != WRONG && !log->stopped;
}

bool daytona_log_begun(const struct daytona_log *log)
{
    return log->state != BEFORE && log->state != WRONG;
}

bool daytona_log_end(const struct daytona_log *log)
{
    return log->state == DONE && log->found && !log->stopped;
}
