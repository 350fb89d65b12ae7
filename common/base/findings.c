#include "common/base/findings.h"

#include <stdlib.h>
#include <string.h>

bool findings_are_whole(const json_t *findings)
{
    size_t n;
    json_t *finding;
    json_array_foreach (findings, n, finding) {
        if (!json_text_of(finding, "rule") || !json_text_of(finding, "level") ||
            !json_is_integer(json_object_get(finding, "line")) ||
            !json_is_integer(json_object_get(finding, "column")))
            return false;
    }
    return json_is_array(findings);
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

json_t *findings_sorted(const json_t *findings)
{
    size_t count = json_array_size(findings);
    json_t **list = memory_new(count, sizeof(json_t *));
    for (size_t i = 0; i < count; i++)
        list[i] = json_array_get(findings, i);
    qsort(list, count, sizeof(json_t *), compare);
    json_t *sorted = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append(sorted, list[i]);
    free(list);
    return sorted;
}
