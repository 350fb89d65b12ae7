#include "admin/audit/verify_covered.h"

#include <string.h>

const struct covered verify_covered[MARK_ATTEMPT_STATE] = {
    [MARK_DECISION] = {.name = "decision"},
    [MARK_REVISION] = {.name = "revision", .what = "revision of request"},
    [MARK_ATTEMPT] = {.name = "attempt", .chain = "request"},
    [MARK_RETENTION] = {.name = "retention", .chain = "retention"},
    [MARK_REQUEST] = {.name = "request"},
    [MARK_COST] = {.name = "cost_span", .what = "cost"},
    [MARK_PERSON] = {.name = "person", .chain = "person"},
    [MARK_TEAM] = {.name = "team", .chain = "team"},
    [MARK_TOKEN] = {.name = "api_token", .chain = "person"},
    [MARK_CREDENTIAL] = {.name = "credential_event", .chain = "person"},
    [MARK_IDENTITY] = {.name = "external_identity", .chain = "person"},
    [MARK_FACTOR] = {.name = "second_factor", .chain = "person"},
    [MARK_RULE] = {.name = "quorum_rule", .chain = "instance"},
    [MARK_GROUP] = {.name = "approver_group", .chain = "instance"},
    [MARK_GLASS] = {.name = "break_glass", .chain = "instance"},
    [MARK_POLICY] = {.name = "policy_version", .chain = "instance"},
};

int64_t verify_covered_kind(const char *name, size_t len)
{
    for (int64_t kind = MARK_DECISION; kind < MARK_ATTEMPT_STATE; kind++)
        if (strlen(verify_covered[kind].name) == len &&
            memcmp(verify_covered[kind].name, name, len) == 0)
            return kind;
    return 0;
}
