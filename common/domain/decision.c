#include "common/domain/decision.h"

#include <string.h>

#include "common/domain/fields.h"

bool decision_is_approval(const char *verdict)
{
    return strcmp(verdict, DECISION_APPROVE) == 0 || strcmp(verdict, DECISION_BREAK_GLASS) == 0;
}

bool decision_form_fits(int64_t form, const json_t *acknowledged)
{
    size_t n;
    json_t *id;
    json_array_foreach ((json_t *)acknowledged, n, id) {
        if (!json_is_string(id))
            return false;
    }
    return (form == DECISION_FORM_1 || form == DECISION_FORM_2) && json_is_array(acknowledged);
}

static void add_acknowledged(struct buffer *out, const json_t *acknowledged)
{
    size_t n;
    json_t *id;
    fields_add_number(out, (int64_t)json_array_size(acknowledged));
    json_array_foreach ((json_t *)acknowledged, n, id) {
        fields_add_bytes(out, (struct bytes){json_string_value(id), json_string_length(id)});
    }
}

void decision_encode(const struct decision *decision, struct buffer *ret_bytes)
{
    bool is_first = decision->form == DECISION_FORM_1;
    fields_add_text(ret_bytes, is_first ? "countersign-decision-v1" : "countersign-decision-v2");
    fields_add_bytes(ret_bytes, (struct bytes){(const char *)decision->bundle_sha256, SHA256_SIZE});
    fields_add_number(ret_bytes, decision->request_id);
    fields_add_number(ret_bytes, decision->revision);
    fields_add_number(ret_bytes, decision->round);
    fields_add_number(ret_bytes, decision->reviewer_id);
    fields_add_text(ret_bytes, decision->verdict);
    fields_add_number(ret_bytes, decision->needed);
    fields_add_number(ret_bytes, decision->decided_ms);
    fields_add_number(ret_bytes, decision->valid_ms);
    if (!is_first)
        add_acknowledged(ret_bytes, decision->acknowledged);
}
