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

static void parts_auto(uint8_t **parts)
{
    free(*parts);
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
    AUTO(parts) uint8_t *parts = source_parts(code, language);
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

void deception_find(struct bytes code, const char *language, struct deceptions *ret_found)
{
    AUTO(parts) uint8_t *parts = source_parts(code, language);
    AUTO(buffer) struct buffer characters = {0}, offsets = {0}, found = {0};
    const unsigned char *start = code.data, *at = start, *end = at + code.len;
    struct deception_scan scan = {.found = &found};
    for (int64_t number = 1; at < end; number++) {
        int32_t character = 0;
        buffer_clear(&characters);
        buffer_clear(&offsets);
        while (character != '\n') {
            size_t offset = (size_t)(at - start);
            character = at < end ? utf8_next(&at, end) : '\n';
            buffer_add(&characters, &character, sizeof character);
            buffer_add(&offsets, &offset, sizeof offset);
        }
        struct deception_line line = {.number = number,
                                      .count = characters.len / sizeof character - 1,
                                      .characters = (const int32_t *)(void *)characters.data,
                                      .offsets = (const size_t *)(void *)offsets.data,
                                      .parts = parts};
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
