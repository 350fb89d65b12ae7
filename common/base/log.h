/* One JSON object per line on stderr: ts, level, process, event, then pairs. */
#pragma once

#include <stdint.h>

#include "common/base/error.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* A pair ends the list when its key is NULL. Control characters are escaped,
 * so nobody can forge a line. Secrets are a type that does not fit here. */
struct log_pair {
    const char *key;
    const char *text; /* NULL: `number` is printed */
    int64_t number;
};

#define LOG_TEXT(key, value) log_text(key, value)
#define LOG_NUMBER(key, value) ((struct log_pair){(key), 0, (int64_t)(value)})

/* Borrows both; NULL is the empty text. */
struct log_pair log_text(const char *key, const char *text);

/* `process` is borrowed for ever. Call once, before the first thread. */
void log_open(const char *process, enum log_level least);
void log_write(enum log_level level, const char *event, const struct log_pair *pairs);

#define LOG(level, event, ...)                                                                     \
    log_write(level, event, (const struct log_pair[]){__VA_ARGS__ __VA_OPT__(, ){0}})

/* One line for an error, at the level its code has in the table. */
void log_error(const char *event, const struct error *err);
