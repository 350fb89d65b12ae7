#include "common/domain/decision.h"

#include "common/domain/fields.h"

void decision_encode(const struct decision *decision, struct buffer *ret_bytes)
{
    fields_add_text(ret_bytes, DECISION_FORMAT);
    fields_add_bytes(ret_bytes, (struct bytes){(const char *)decision->bundle_sha256, SHA256_SIZE});
    fields_add_number(ret_bytes, decision->request_id);
    fields_add_number(ret_bytes, decision->revision);
    fields_add_number(ret_bytes, decision->round);
    fields_add_number(ret_bytes, decision->reviewer_id);
    fields_add_text(ret_bytes, decision->verdict);
    fields_add_number(ret_bytes, decision->needed);
    fields_add_number(ret_bytes, decision->decided_ms);
    fields_add_number(ret_bytes, decision->valid_ms);
}
