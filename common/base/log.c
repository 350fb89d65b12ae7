#include "common/base/log.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *process_name = "countersign";
static enum log_level least_level = LOG_INFO;

void log_open(const char *process, enum log_level least)
{
    process_name = process;
    least_level = least;
}

struct log_pair log_text(const char *key, const char *text)
{
    return (struct log_pair){.key = key, .text = text ? text : ""};
}

static void add_quoted(struct buffer *line, const char *text)
{
    buffer_add(line, "\"", 1);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            buffer_printf(line, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buffer_printf(line, "\\u%04x", c);
        else
            buffer_add(line, text, 1);
    }
    buffer_add(line, "\"", 1);
}

void log_write(enum log_level level, const char *event, const struct log_pair *pairs)
{
    if (level < least_level)
        return;
    AUTO(buffer) struct buffer line = {0};
    char now[25];
    clock_format(clock_wall_ms(), now);
    buffer_printf(&line, "{\"ts\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"event\":", now,
                  level_names[level], process_name);
    add_quoted(&line, event);
    for (; pairs->key; pairs++) {
        buffer_add_text(&line, ",");
        add_quoted(&line, pairs->key);
        buffer_add_text(&line, ":");
        if (pairs->text)
            add_quoted(&line, pairs->text);
        else
            buffer_printf(&line, "%" PRId64, pairs->number);
    }
    buffer_add_text(&line, "}\n");
    /* One write, so that lines of several threads do not mix. */
    if (write(STDERR_FILENO, line.data, line.len) < 0) {
        /* Nowhere is left to complain to. */
    }
}

void log_error(const char *event, const struct error *err)
{
    enum log_level level = LOG_ERROR;
    for (size_t i = 0; i < COUNT_OF(level_names); i++)
        if (strcmp(level_names[i], error_level(err->code)) == 0)
            level = (enum log_level)i;
    LOG(level, event, LOG_TEXT("code", error_name(err->code)), LOG_TEXT("text", err->text),
        LOG_TEXT("field", err->field));
}
