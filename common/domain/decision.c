#include "common/domain/decision.h"

#include <string.h>

#include "common/domain/fields.h"

bool decision_is_approval(const char *verdict)
{
    return strcmp(verdict, DECISION_APPROVE) == 0 || strcmp(verdict, DECISION_BREAK_GLASS) == 0;
}

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
