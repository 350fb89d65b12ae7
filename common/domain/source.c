#include "common/domain/source.h"

#include <string.h>

#define DEPTH_MAX 32 /* strings within fields of strings; what is nested deeper is code */

/* Where the reader is: in a string, in a field of a formatted one, or behind the colon of a
 * field, where text stands again. */
enum mode { MODE_STRING, MODE_FIELD, MODE_SPEC };

struct frame {
    enum mode mode;
    char quote;
    bool triple;
    bool format;
    int brackets; /* that a field has open */
};

struct reader {
    const char *at, *start, *end;
    uint8_t *parts;
    struct frame frames[DEPTH_MAX];
    int depth;
    bool lost; /* nested too deep */
};

static void mark(struct reader *reader, enum source_part part, size_t len)
{
    size_t left = (size_t)(reader->end - reader->at);
    size_t count = len < left ? len : left;
    memset(reader->parts + (reader->at - reader->start), reader->lost ? SOURCE_CODE : part, count);
    reader->at += count;
}

static bool sees(const struct reader *reader, const char *text)
{
    size_t len = strlen(text);
    return (size_t)(reader->end - reader->at) >= len && memcmp(reader->at, text, len) == 0;
}

static size_t line_left(const struct reader *reader)
{
    size_t left = (size_t)(reader->end - reader->at);
    const char *stop = memchr(reader->at, '\n', left);
    return stop ? (size_t)(stop - reader->at) : left;
}

static void push(struct reader *reader, struct frame frame)
{
    if (reader->depth == DEPTH_MAX)
        reader->lost = true;
    else
        reader->frames[reader->depth++] = frame;
}

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
           (c & 0x80);
}

/* Whether the quote here has a prefix that makes its string a formatted one: a whole word of
 * one or two of the letters that may stand there. */
static bool is_formatted(const struct reader *reader)
{
    const char *from = reader->at;
    bool format = false;
    while (from > reader->start && is_word_byte(from[-1]))
        from--;
    if (reader->at - from > 2)
        return false;
    for (; from < reader->at; from++) {
        if (!strchr("rRbBuUfFtT", *from))
            return false;
        format |= strchr("fFtT", *from) != NULL;
    }
    return format;
}

static bool is_triple(const struct reader *reader, char quote)
{
    return sees(reader, quote == '"' ? "\"\"\"" : "'''");
}

static void open_string(struct reader *reader)
{
    char quote = *reader->at;
    bool triple = is_triple(reader, quote);
    push(reader, (struct frame){MODE_STRING, quote, triple, is_formatted(reader), 0});
    mark(reader, SOURCE_STRING, triple ? 3 : 1);
}

/* Ends the innermost string, with the fields that are open in it. */
static void close_string(struct reader *reader, size_t len)
{
    while (reader->depth > 0 && reader->frames[--reader->depth].mode != MODE_STRING)
        ;
    mark(reader, SOURCE_STRING, len);
}

static void open_inner(struct reader *reader, const struct frame *outer, enum mode mode)
{
    push(reader, (struct frame){mode, outer->quote, outer->triple, true, 0});
    mark(reader, SOURCE_CODE, 1);
}

/* Text of a string, or behind the colon of a field. */
static void read_text(struct reader *reader, const struct frame *frame)
{
    char c = *reader->at;
    bool spec = frame->mode == MODE_SPEC;
    bool brace = reader->end - reader->at > 1 && strchr("{}", reader->at[1]);
    if (c == '\\')
        mark(reader, SOURCE_STRING, frame->format && brace ? 1 : 2);
    else if (c == '\n' && !frame->triple)
        close_string(reader, 1);
    else if (c == frame->quote && (!frame->triple || is_triple(reader, c)))
        close_string(reader, frame->triple ? 3 : 1);
    else if (frame->format && !spec && (sees(reader, "{{") || sees(reader, "}}")))
        mark(reader, SOURCE_STRING, 2);
    else if (frame->format && c == '{')
        open_inner(reader, frame, MODE_FIELD);
    else if (spec && c == '}') {
        reader->depth -= 2; /* this, and the field that it belongs to */
        mark(reader, SOURCE_CODE, 1);
    } else
        mark(reader, SOURCE_STRING, 1);
}

static void read_field(struct reader *reader, struct frame *frame)
{
    char c = *reader->at;
    if (frame->brackets == 0 && c == ':') {
        open_inner(reader, frame, MODE_SPEC);
        return;
    }
    if (frame->brackets == 0 && c == '}')
        reader->depth--;
    else if (strchr("([{", c) && c)
        frame->brackets++;
    else if (strchr(")]}", c) && c && frame->brackets > 0)
        frame->brackets--;
    mark(reader, SOURCE_CODE, 1);
}

static void read_python(struct reader *reader)
{
    while (reader->at < reader->end) {
        struct frame *frame = reader->depth ? &reader->frames[reader->depth - 1] : NULL;
        if (frame && frame->mode != MODE_FIELD)
            read_text(reader, frame);
        else if (*reader->at == '#')
            mark(reader, SOURCE_COMMENT, line_left(reader));
        else if (*reader->at == '"' || *reader->at == '\'')
            open_string(reader);
        else if (frame)
            read_field(reader, frame);
        else
            mark(reader, SOURCE_CODE, 1);
    }
}

/* Through the quote that ends it; a doubled one is part of it. Without an end it is code,
 * as no database runs it as anything else. */
static void read_quoted(struct reader *reader, char quote, enum source_part part)
{
    const char *at = reader->at + 1;
    while ((at = memchr(at, quote, (size_t)(reader->end - at)))) {
        bool doubled = quote != ']' && reader->end - at > 1 && at[1] == quote;
        if (!doubled)
            break;
        at += 2;
    }
    size_t len = (size_t)((at ? at + 1 : reader->end) - reader->at);
    mark(reader, at ? part : SOURCE_CODE, len);
}

static void read_block_comment(struct reader *reader)
{
    size_t left = (size_t)(reader->end - reader->at);
    const char *stop = left > 2 ? memmem(reader->at + 2, left - 2, "*/", 2) : NULL;
    mark(reader, SOURCE_COMMENT, stop ? (size_t)(stop + 2 - reader->at) : left);
}

static void read_sql(struct reader *reader)
{
    static const struct {
        char open, close;
        enum source_part part;
    } quotes[] = {
        {'\'', '\'', SOURCE_STRING},
        {'"', '"', SOURCE_NAME},
        {'`', '`', SOURCE_NAME},
        {'[', ']', SOURCE_NAME},
    };
    while (reader->at < reader->end) {
        size_t n = 0;
        while (n < COUNT_OF(quotes) && quotes[n].open != *reader->at)
            n++;
        if (n < COUNT_OF(quotes))
            read_quoted(reader, quotes[n].close, quotes[n].part);
        else if (sees(reader, "--"))
            mark(reader, SOURCE_COMMENT, line_left(reader));
        else if (sees(reader, "/*"))
            read_block_comment(reader);
        else
            mark(reader, SOURCE_CODE, 1);
    }
}

uint8_t *source_parts(struct bytes code, const char *language)
{
    const char *text = code.data;
    struct reader reader = {.at = text, .start = text, .end = text + code.len};
    reader.parts = memory_new(code.len + 1, 1);
    if (strcmp(language, "sql") == 0)
        read_sql(&reader);
    else
        read_python(&reader);
    return reader.parts;
}
