/* Canonical bytes: each field as a 4-byte big-endian length and its bytes, numbers as decimal
 * text. cs.fields and cs.bytes in SQL build the same. */
#pragma once

#include "common/base/bytes.h"

void fields_add_bytes(struct buffer *out, struct bytes field);
void fields_add_text(struct buffer *out, const char *text);
void fields_add_number(struct buffer *out, int64_t number);
