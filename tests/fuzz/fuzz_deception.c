/* What in code could deceive. Input: the language (one byte), then the code. */
#include "common/domain/code.h"
#include "common/domain/deception.h"
#include "common/domain/source.h"
#include "tests/fuzz/fuzz.h"

static int64_t count_lines(const char *from, const char *to)
{
    int64_t lines = 1;
    for (; from < to; from++)
        lines += *from == '\n';
    return lines;
}

static int64_t count_characters(const char *from, const char *to)
{
    int64_t count = 0;
    while (from < to) {
        size_t len = fuzz_character((const uint8_t *)from, (size_t)(to - from));
        CLAIM(len > 0);
        from += len;
        count++;
    }
    return count;
}

/* Inside the code, on one line, and the same place in bytes and in characters. */
static void check_place(struct bytes code, const struct deception *one)
{
    const char *text = code.data;
    CLAIM(one->start < one->end && one->end <= code.len);
    CLAIM(!memchr(text + one->start, '\n', one->end - one->start));
    const char *before = memrchr(text, '\n', one->start);
    const char *line = before ? before + 1 : text;
    CLAIM(one->line == count_lines(text, text + one->start));
    CLAIM(one->column == count_characters(line, text + one->start) + 1);
    CLAIM(one->end_column == count_characters(line, text + one->end) + 1);
    CLAIM(*one->title && strnlen(one->title, sizeof one->title) < sizeof one->title);
    CLAIM(fuzz_is_utf8(bytes_of(one->title)));
}

static void check_findings(struct bytes code, const char *language)
{
    AUTO(deceptions) struct deceptions found = {0};
    deception_find(code, language, &found);
    for (size_t i = 0; i < found.count; i++) {
        check_place(code, &found.list[i]);
        CLAIM(i == 0 || found.list[i - 1].start <= found.list[i].start);
    }
}

/* Python is read from the front: what comes later changes nothing of what was before. */
static void check_parts(struct bytes code, const char *language, bool plain)
{
    const uint8_t *text = code.data;
    uint8_t *parts = source_parts(code, language);
    uint8_t *half = source_parts((struct bytes){text, code.len / 2}, language);
    for (size_t i = 0; i < code.len; i++)
        CLAIM(parts[i] <= SOURCE_NAME && !(plain && text[i] > 0x7f && parts[i] == SOURCE_CODE));
    /* The last of a cut text may be half of a mark of three quotes, or of a doubled brace. */
    if (*language == 'p' && code.len > 8)
        CLAIM(memcmp(parts, half, code.len / 2 - 2) == 0);
    free(parts);
    free(half);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct code_limits limits = {1 << 20, 1 << 20};
    struct fuzz fuzz = {data, data + size};
    const char *language = fuzz_byte(&fuzz) & 1 ? "sql" : "python";
    struct bytes rest = fuzz_rest(&fuzz);
    AUTO(text) char *text = fuzz_copy(rest);
    struct bytes code = {text, rest.len};
    struct error err = {0};
    if (!code_check(code, &limits, &err))
        return 0;
    bool plain = deception_check(code, language, &err);
    CLAIM(plain || (err.code == ERR_NOT_ACCEPTABLE && strcmp(err.field, "code") == 0));
    CLAIM(plain || !code_is_ascii(code));
    check_parts(code, language, plain);
    check_findings(code, language);
    return 0;
}
