/* Text that others wrote, as a terminal shows it. */
#pragma once

#include <stddef.h>

/* Control characters of ASCII are blanks; what else can not be seen or would move other letters
 * is named: <U+202E>. Caller frees. */
char *shown_text(const char *text);

/* In characters, as the terminal counts them. */
size_t shown_width(const char *text);
