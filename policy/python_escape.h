/* The characters that a literal of Python stands for. */
#pragma once

#include "common/base/bytes.h"

/* Adds one by its number, as UTF-8; none that there is not. */
void python_add_character(struct buffer *out, unsigned long value);

/* Adds a part of a literal, its escapes read where it is not raw. */
void python_add_content(struct buffer *out, struct bytes content, bool raw);
