#include "common/domain/fields.h"

#include <inttypes.h>
#include <stdio.h>

void fields_add_bytes(struct buffer *out, struct bytes field)
{
    buffer_add_u32be(out, (uint32_t)field.len);
    buffer_add(out, field.data, field.len);
}

void fields_add_text(struct buffer *out, const char *text)
{
    fields_add_bytes(out, bytes_of(text));
}

void fields_add_number(struct buffer *out, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    fields_add_text(out, text);
}
