#include "common/domain/retention.h"

#include "common/domain/fields.h"

void retention_encode(const struct retention_statement *statement, struct buffer *ret_bytes)
{
    fields_add_text(ret_bytes, RETENTION_FORMAT);
    fields_add_text(ret_bytes, statement->instance);
    fields_add_number(ret_bytes, statement->retention_id);
    fields_add_number(ret_bytes, statement->seal);
    fields_add_bytes(ret_bytes, (struct bytes){(const char *)statement->seal_hash, SHA256_SIZE});
    fields_add_number(ret_bytes, statement->person_id);
    fields_add_number(ret_bytes, statement->at_ms);
    fields_add_text(ret_bytes, statement->role);
}
