/* The one form in which code is accepted: what a reviewer sees is what runs.
 * Also the lesser rules for titles, notes and file names. */
#pragma once

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/base/utf8.h"

#include <stdint.h>

struct code_limits {
    int64_t bytes;
    int64_t lines;
};

/* Strict UTF-8 with LF line ends only; no NUL, byte order mark, control, bidi,
 * invisible, tag or private character but such as an emoji is made of; no coding cookie
 * but utf-8. Refuses with
 * ERR_NOT_ACCEPTABLE (ERR_INVALID_FIELD beyond a limit), field "code", and the
 * line and column of the first character that is to blame. */
bool code_check(struct bytes code, const struct code_limits *limits, struct error *err) MUST_CHECK;

bool code_is_ascii(struct bytes code);

/* Whether code has no such character, which can not be seen or would move others. */
bool code_refuses(int32_t character);

enum text_kind {
    TEXT_LINE,  /* titles, names: no line ends */
    TEXT_LINES, /* questions, notes */
};

/* Text that people wrote: valid UTF-8 without control, bidi or tag characters. */
bool text_check(struct bytes text, enum text_kind kind, const char *field,
                struct error *err) MUST_CHECK;

/* A name that is safe as a file's name in a folder: ERR_INVALID_FIELD, field "name". */
bool file_name_check(const char *name, struct error *err) MUST_CHECK;
