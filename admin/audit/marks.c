#include "admin/audit/marks.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"

#define FIRST_SIZE 1024

void marks_auto(struct marks *marks)
{
    free(marks->list);
    *marks = (struct marks){0};
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 31)) * 0x9e3779b97f4a7c15u;
    return value ^ (value >> 29);
}

/* Its place, or the free one where it belongs. */
static struct mark *place(const struct marks *marks, int64_t kind, int64_t id, int64_t part)
{
    size_t at = mix(mix(mix((uint64_t)id) + (uint64_t)part) + (uint64_t)kind);
    for (;; at++) {
        struct mark *mark = &marks->list[at & (marks->size - 1)];
        if (!mark->kind || (mark->id == id && mark->part == part && mark->kind == kind))
            return mark;
    }
}

static void grow(struct marks *marks)
{
    struct marks larger = {.size = marks->size ? 2 * marks->size : FIRST_SIZE,
                           .count = marks->count};
    larger.list = memory_new(larger.size, sizeof *larger.list);
    for (size_t i = 0; i < marks->size; i++) {
        const struct mark *mark = &marks->list[i];
        if (mark->kind)
            *place(&larger, mark->kind, mark->id, mark->part) = *mark;
    }
    free(marks->list);
    *marks = larger;
}

struct mark *marks_find(const struct marks *marks, int64_t kind, int64_t id, int64_t part)
{
    struct mark *mark = marks->size ? place(marks, kind, id, part) : NULL;
    return mark && mark->kind ? mark : NULL;
}

struct mark *marks_get(struct marks *marks, int64_t kind, int64_t id, int64_t part)
{
    if (2 * marks->count >= marks->size)
        grow(marks);
    struct mark *mark = place(marks, kind, id, part);
    if (!mark->kind) {
        *mark = (struct mark){.kind = kind, .id = id, .part = part};
        marks->count++;
    }
    return mark;
}
