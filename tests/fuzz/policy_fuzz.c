#include "tests/fuzz/policy_fuzz.h"

#include "policy/judge.h"

/* One rule of each kind that everything fits, so that each fact becomes a finding. */
static const char everything[] = "{\"version\": 1, \"rules\": ["
#define X(suffix, name, key)                                                                       \
    "{\"id\": \"every." name "\", \"match\": \"" name "\", \"patterns\": [\"*\"], \"level\":"      \
    " \"note\", \"title\": \"t\", \"explanation\": \"\", \"capability\": \"reads\"},"
    FACT_TABLE(X)
#undef X
        "{\"id\": \"exec\", \"match\": \"name\", \"patterns\": [\"builtins.exec\", \"os.*\"],"
        " \"level\": \"block\", \"title\": \"t\", \"explanation\": \"\", \"capability\": \"\"}]}";

static struct rules *rules;

/* Every place is one of the code. */
static void check_findings(const json_t *verdict, struct bytes code)
{
    int64_t lines = 1;
    for (size_t i = 0; i < code.len; i++)
        lines += ((const char *)code.data)[i] == '\n';
    size_t i;
    json_t *finding;
    json_array_foreach (json_object_get(verdict, "findings"), i, finding) {
        int64_t line = json_integer_of(finding, "line", 0);
        int64_t column = json_integer_of(finding, "column", 0);
        CLAIM(line >= 1 && line <= lines && column >= 1 && column <= (int64_t)code.len + 1);
        CLAIM(json_integer_of(finding, "end_column", 0) >= column);
        CLAIM(json_text_of(finding, "what") != NULL);
    }
}

void policy_fuzz(const char *language, struct bytes code)
{
    struct error err = {0};
    if (!rules)
        CLAIM(rules_read(bytes_of(everything), &rules, &err));
    AUTO(text) char *copy = fuzz_copy(code);
    struct bytes own = {copy, code.len};
    AUTO(json) json_t *verdict = judge_code(rules, language, own);
    AUTO(json) json_t *again = judge_code(rules, language, own);
    CLAIM(verdict && json_equal(verdict, again));
    CLAIM(json_text_of(verdict, "level") && json_is_object(json_object_get(verdict, "facts")));
    check_findings(verdict, own);
}
