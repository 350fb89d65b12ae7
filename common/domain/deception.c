#include "common/domain/deception.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/code.h"
#include "common/domain/deception_scan.h"
#include "common/domain/unicode.h"

void deceptions_auto(struct deceptions *deceptions)
{
    free(deceptions->list);
}

static void memory_auto(void **memory)
{
    free(*memory);
}

static bool refuse(int32_t character, int64_t line, int64_t column, struct error *err)
{
    char reads = unicode_reads_as(character), looks = unicode_looks_like(character);
    char as[24] = "";
    if (reads || looks)
        snprintf(as, sizeof as, ", %s \"%c\"", reads ? "read as" : "looks like",
                 reads ? reads : looks);
    return fail_field(err, ERR_NOT_ACCEPTABLE, "code",
                      "line %" PRId64 ", column %" PRId64
                      ": outside strings and comments only ASCII is accepted (U+%04X%s)",
                      line, column, (unsigned)character, as);
}

bool deception_check(struct bytes code, const char *language, struct error *err)
{
    if (code_is_ascii(code))
        return true;
    AUTO(memory) void *memory = source_parts(code, language);
    const uint8_t *parts = memory;
    const unsigned char *start = code.data, *at = start, *end = at + code.len;
    int64_t line = 1, column = 1;
    while (at < end) {
        bool plain = parts[at - start] == SOURCE_CODE;
        int32_t character = utf8_next(&at, end);
        if (plain && character > 0x7f)
            return refuse(character, line, column, err);
        column = character == '\n' ? 1 : column + 1;
        line += character == '\n';
    }
    return true;
}

static int in_order(const void *left, const void *right)
{
    const struct deception *a = left, *b = right;
    return a->start != b->start ? (a->start > b->start) - (a->start < b->start)
                                : (a->level < b->level) - (a->level > b->level);
}

/* The characters of the next line and where they begin, with its end as the last; moves *io_at on
 * behind it. */
static size_t read_line(struct bytes code, size_t *io_at, int32_t *ret_characters,
                        size_t *ret_offsets)
{
    const unsigned char *start = code.data, *at = start + *io_at, *end = start + code.len;
    size_t count = 0;
    for (int32_t character = 0; character != '\n'; count++) {
        ret_offsets[count] = (size_t)(at - start);
        character = at < end ? utf8_next(&at, end) : '\n';
        ret_characters[count] = character;
    }
    *io_at = (size_t)(at - start);
    return count - 1;
}

void deception_find(struct bytes code, const char *language, struct deceptions *ret_found)
{
    AUTO(memory) void *parts = source_parts(code, language);
    AUTO(memory) void *characters = memory_new(code.len + 1, sizeof(int32_t));
    AUTO(memory) void *offsets = memory_new(code.len + 1, sizeof(size_t));
    AUTO(buffer) struct buffer found = {0};
    struct deception_scan scan = {.found = &found};
    size_t at = 0;
    for (int64_t number = 1; at < code.len; number++) {
        struct deception_line line = {
            .number = number, .characters = characters, .offsets = offsets, .parts = parts};
        line.count = read_line(code, &at, characters, offsets);
        deception_scan_line(&scan, &line);
    }
    if (found.len)
        qsort(found.data, found.len / sizeof(struct deception), sizeof(struct deception), in_order);
    ret_found->count = found.len / sizeof(struct deception);
    ret_found->list = (struct deception *)(void *)TAKE(found.data);
}

json_t *deception_json(struct bytes code, const char *language)
{
    static const char *const levels[] = {"note", "medium", "high"};
    AUTO(deceptions) struct deceptions found = {0};
    json_t *list = json_array();
    deception_find(code, language, &found);
    for (size_t i = 0; i < found.count; i++) {
        const struct deception *one = &found.list[i];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s}", "rule", one->rule, "level",
                            levels[one->level], "line", (json_int_t)one->line, "column",
                            (json_int_t)one->column, "end_column", (json_int_t)one->end_column,
                            "title", one->title, "explanation", one->explanation));
    }
    return list;
}
