#include "policy/rules.h"

#include <stdlib.h>
#include <string.h>

#include "policy/memo.h"

#define RULES_MAX 2000
#define PAIRS 1024 /* of letters, by a small hash */
#define NEEDS_MAX 4

static const char *const level_names[] = {"none", "note", "medium", "high", "block"};
static const char *const kind_names[] = {
#define X(suffix, name, key) name,
    FACT_TABLE(X)
#undef X
};

struct pattern {
    const char *text;
    size_t exactness; /* characters that are not * */
    size_t need_count;
    uint16_t needs[NEEDS_MAX]; /* pairs of letters without which nothing fits */
    const struct policy_rule *rule;
};

struct rules {
    json_t *root; /* owns every text */
    int64_t version;
    struct policy_rule *list;
    size_t count;
    struct {
        json_t *exact; /* name → position in the list */
        struct pattern *patterns;
        size_t count;
    } kinds[FACT_KINDS];
    struct memo memo;
    uint64_t judgements;
};

const char *policy_level_name(enum policy_level level)
{
    return level_names[level];
}

static int name_index(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

bool pattern_fits(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static size_t pair_of(const char *at)
{
    return ((uint8_t)at[0] * 31U + (uint8_t)at[1]) % PAIRS;
}

static struct pattern pattern_of(const char *text, const struct policy_rule *rule)
{
    struct pattern pattern = {.text = text, .rule = rule};
    for (const char *at = text; *at; at++) {
        pattern.exactness += *at != '*';
        if (*at != '*' && at[1] && at[1] != '*' && pattern.need_count < NEEDS_MAX)
            pattern.needs[pattern.need_count++] = (uint16_t)pair_of(at);
    }
    return pattern;
}

static void add_pattern(struct rules *rules, int kind, const char *text, size_t position)
{
    __auto_type of = &rules->kinds[kind];
    if (!strchr(text, '*') && kind != FACT_STRING) {
        json_object_set_new(of->exact, text, json_integer((json_int_t)position));
        return;
    }
    of->patterns = reallocarray(of->patterns, of->count + 1, sizeof *of->patterns);
    if (!of->patterns)
        memory_none();
    of->patterns[of->count++] = pattern_of(text, &rules->list[position]);
}

static bool read_rule(struct rules *rules, size_t position, const json_t *item, struct error *err)
{
    static const struct json_field fields[] = {
        {"id", JSON_KIND_TEXT, true, 1, 80},
        {"match", JSON_KIND_TEXT, true, 1, 20},
        {"patterns", JSON_KIND_ARRAY, true, 1, 2000},
        {"level", JSON_KIND_TEXT, true, 1, 10},
        {"title", JSON_KIND_TEXT, true, 1, 200},
        {"explanation", JSON_KIND_TEXT, true, 0, 2000},
        {"capability", JSON_KIND_TEXT, true, 0, 10},
    };
    if (!json_check(item, "rules", fields, COUNT_OF(fields), err))
        return false;
    int kind = name_index(kind_names, FACT_KINDS, json_text_of(item, "match"));
    int level = name_index(level_names, POLICY_LEVELS, json_text_of(item, "level"));
    if (kind < 0 || level < 0)
        return fail_field(err, ERR_INVALID_FIELD, kind < 0 ? "rules.match" : "rules.level",
                          "rule %s has no known %s", json_text_of(item, "id"),
                          kind < 0 ? "match" : "level");
    rules->list[position] = (struct policy_rule){
        json_text_of(item, "id"), json_text_of(item, "title"), json_text_of(item, "explanation"),
        json_text_of(item, "capability"), (enum policy_level)level};
    size_t i;
    json_t *text;
    json_array_foreach (json_object_get(item, "patterns"), i, text) {
        if (!json_is_string(text))
            return fail_field(err, ERR_INVALID_FIELD, "rules.patterns", "a pattern is text");
        add_pattern(rules, kind, json_string_value(text), position);
    }
    return true;
}

void rules_auto(struct rules **rules)
{
    struct rules *old = TAKE(*rules);
    if (!old)
        return;
    for (size_t i = 0; i < FACT_KINDS; i++) {
        json_decref(old->kinds[i].exact);
        free(old->kinds[i].patterns);
    }
    memo_auto(&old->memo);
    json_decref(old->root);
    free(old->list);
    free(old);
}

bool rules_read(struct bytes json, struct rules **ret_rules, struct error *err)
{
    static const struct json_field fields[] = {
        {"version", JSON_KIND_INTEGER, true, 1, INT32_MAX},
        {"sha256", JSON_KIND_TEXT, false, 64, 64},
        {"rules", JSON_KIND_ARRAY, true, 1, RULES_MAX},
    };
    AUTO(rules) struct rules *rules = memory_new(1, sizeof *rules);
    memo_open(&rules->memo);
    for (size_t i = 0; i < FACT_KINDS; i++)
        rules->kinds[i].exact = json_object();
    if (!json_read_object(json, &rules->root, err) ||
        !json_check(rules->root, "", fields, COUNT_OF(fields), err))
        return false;
    const json_t *list = json_object_get(rules->root, "rules");
    rules->version = json_integer_of(rules->root, "version", 0);
    rules->count = json_array_size(list);
    rules->list = memory_new(rules->count, sizeof *rules->list);
    for (size_t i = 0; i < rules->count; i++)
        if (!read_rule(rules, i, json_array_get(list, i), err))
            return false;
    *ret_rules = TAKE(rules);
    return true;
}

int64_t rules_version(const struct rules *rules)
{
    return rules->version;
}

/* Most patterns are ruled out by a pair of letters that the name has nowhere. */
static bool may_fit(const struct pattern *pattern, const uint8_t *pairs)
{
    for (size_t i = 0; i < pattern->need_count; i++)
        if (!(pairs[pattern->needs[i] / 8] >> pattern->needs[i] % 8 & 1))
            return false;
    return true;
}

static const struct policy_rule *search(const struct rules *rules, enum fact_kind kind,
                                        const char *name)
{
    const json_t *exact = json_object_get(rules->kinds[kind].exact, name);
    if (exact)
        return &rules->list[json_integer_value(exact)];
    const struct pattern *best = NULL;
    uint8_t pairs[PAIRS / 8] = {0};
    for (const char *at = name; at[0] && at[1]; at++)
        pairs[pair_of(at) / 8] |= (uint8_t)(1 << pair_of(at) % 8);
    for (size_t i = 0; i < rules->kinds[kind].count; i++) {
        const struct pattern *pattern = &rules->kinds[kind].patterns[i];
        bool better = !best || (kind == FACT_STRING ? pattern->rule->level > best->rule->level
                                                    : pattern->exactness > best->exactness);
        if (better && may_fit(pattern, pairs) && pattern_fits(pattern->text, name))
            best = pattern;
    }
    return best ? best->rule : NULL;
}

static bool raises_beside(const struct policy_rule *rule, const char *id)
{
    return rule->level > POLICY_NOTE && strcmp(rule->id, id) != 0;
}

bool rules_raise_beside(const struct rules *rules, enum fact_kind kind, const char *name,
                        const char *id)
{
    const json_t *exact = json_object_get(rules->kinds[kind].exact, name);
    if (exact && raises_beside(&rules->list[json_integer_value(exact)], id))
        return true;
    for (size_t i = 0; i < rules->kinds[kind].count; i++) {
        const struct pattern *pattern = &rules->kinds[kind].patterns[i];
        if (raises_beside(pattern->rule, id) && pattern_fits(pattern->text, name))
            return true;
    }
    return false;
}

bool rules_let_pass(const struct rules *rules, enum fact_kind kind, const char *name)
{
    const json_t *exact = json_object_get(rules->kinds[kind].exact, name);
    return exact && rules->list[json_integer_value(exact)].level <= POLICY_NOTE;
}

uint64_t rules_begin(struct rules *rules)
{
    return ++rules->judgements;
}

static struct memo_entry *remember(struct rules *rules, enum fact_kind kind, const char *name)
{
    bool is_new;
    struct memo_entry *known = memo_find(&rules->memo, kind, name, &is_new);
    if (is_new)
        known->rule = search(rules, kind, name);
    return known;
}

enum policy_level rules_level(struct rules *rules, enum fact_kind kind, const char *name)
{
    const struct policy_rule *rule = remember(rules, kind, name)->rule;
    return rule ? rule->level : POLICY_NONE;
}

const struct policy_rule *rules_find(struct rules *rules, enum fact_kind kind, const char *name,
                                     uint64_t judgement, bool *ret_told)
{
    struct memo_entry *known = remember(rules, kind, name);
    *ret_told = known->judgement == judgement;
    known->judgement = judgement;
    return known->rule;
}
