#include "common/domain/verdict.h"

#include <string.h>

#include "common/base/findings.h"

static size_t rank_of(const json_t *has_level)
{
    static const char *const levels[] = {"none", "note", "medium", "high", "block"};
    const char *level = json_text_of(has_level, "level");
    for (size_t i = 0; level && i < COUNT_OF(levels); i++)
        if (strcmp(levels[i], level) == 0)
            return i;
    return COUNT_OF(levels); /* what nobody knows is worse than all */
}

void verdict_add_findings(json_t *verdict, const json_t *findings)
{
    size_t n;
    json_t *finding;
    json_array_foreach (findings, n, finding) {
        if (rank_of(finding) > rank_of(verdict))
            json_object_set(verdict, "level", json_object_get(finding, "level"));
    }
    AUTO(json) json_t *all = json_copy(json_object_get(verdict, "findings"));
    json_array_extend(all, (json_t *)findings);
    json_object_set_new(verdict, "findings", findings_sorted(all));
}
