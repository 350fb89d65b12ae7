#include "common/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int status;
    const char *level;
} codes[ERR_COUNT] = {
#define X(suffix, name, status, level) [ERR_##suffix] = {name, status, level},
    ERROR_TABLE(X)
#undef X
};

__attribute__((format(printf, 4, 0))) static bool fail_with(struct error *err, enum error_code code,
                                                            const char *field, const char *format,
                                                            va_list args)
{
    err->code = code;
    vsnprintf(err->text, sizeof err->text, format, args);
    snprintf(err->field, sizeof err->field, "%s", field);
    err->retry_after_s = 0;
    return false;
}

bool fail(struct error *err, enum error_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail_with(err, code, "", format, args);
    va_end(args);
    return false;
}

bool fail_field(struct error *err, enum error_code code, const char *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail_with(err, code, field, format, args);
    va_end(args);
    return false;
}

const char *error_name(enum error_code code)
{
    return codes[code].name;
}

int error_status(enum error_code code)
{
    return codes[code].status;
}

const char *error_level(enum error_code code)
{
    return codes[code].level;
}

enum error_code error_from_name(const char *name)
{
    for (size_t i = 0; name && i < ERR_COUNT; i++)
        if (strcmp(codes[i].name, name) == 0)
            return (enum error_code)i;
    return ERR_INTERNAL;
}
