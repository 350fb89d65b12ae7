#include "common/domain/verdict.h"

#include <stdlib.h>
#include <string.h>

static size_t rank_of(const json_t *has_level)
{
    static const char *const levels[] = {"none", "note", "medium", "high", "block"};
    const char *level = json_text_of(has_level, "level");
    for (size_t i = 0; level && i < COUNT_OF(levels); i++)
        if (strcmp(levels[i], level) == 0)
            return i;
    return COUNT_OF(levels); /* what nobody knows is worse than all */
}

static int compare(const void *a, const void *b)
{
    static const char *const keys[] = {"line", "column"};
    const json_t *one = *(json_t *const *)a, *two = *(json_t *const *)b;
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        int64_t left = json_integer_of(one, keys[i], 0), right = json_integer_of(two, keys[i], 0);
        if (left != right)
            return left < right ? -1 : 1;
    }
    return strcmp(json_text_of(one, "rule"), json_text_of(two, "rule"));
}

static json_t *sorted(const json_t *findings)
{
    size_t count = json_array_size(findings);
    json_t **list = memory_new(count, sizeof(json_t *));
    for (size_t i = 0; i < count; i++)
        list[i] = json_array_get(findings, i);
    qsort(list, count, sizeof(json_t *), compare);
    json_t *result = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(result, list[i]);
    free(list);
    return result;
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
    json_object_set_new(verdict, "findings", sorted(all));
}
