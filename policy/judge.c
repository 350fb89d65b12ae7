#include "policy/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/findings.h"

#define NAME_SHOWN 200

static const char *const fact_keys[] = {
#define X(suffix, name, key) key,
    FACT_TABLE(X)
#undef X
};

void judge_open(struct judge *judge, struct rules *rules, struct bytes code)
{
    *judge = (struct judge){.rules = rules, .code = code, .line = 1};
    judge->number = rules_begin(rules);
    judge->findings = json_array();
    judge->seen = json_object();
    judge->capabilities = json_object();
    for (size_t i = 0; i < FACT_KINDS; i++)
        judge->facts[i] = json_object();
}

void judge_auto(struct judge *judge)
{
    json_decref(judge->findings);
    json_decref(judge->seen);
    json_decref(judge->capabilities);
    for (size_t i = 0; i < FACT_KINDS; i++)
        json_decref(judge->facts[i]);
}

/* Counted in characters, as people see it; a wrong byte counts as one. */
static size_t characters(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += (text[i] & 0xc0) != 0x80;
    return count;
}

static size_t find_line(struct judge *judge, size_t at)
{
    const char *text = judge->code.data;
    if (at > judge->code.len)
        at = judge->code.len;
    if (at < judge->at)
        judge->at = judge->line_start = 0, judge->line = 1;
    for (; judge->at < at; judge->at++)
        if (text[judge->at] == '\n')
            judge->line++, judge->line_start = judge->at + 1;
    return characters(text + judge->line_start, at - judge->line_start) + 1;
}

/* What fits and is UTF-8. */
static json_t *shown(const char *name)
{
    char text[NAME_SHOWN + 1];
    size_t len = strnlen(name, NAME_SHOWN);
    while (len > 0 && len == NAME_SHOWN && (name[len] & 0xc0) == 0x80)
        len--;
    snprintf(text, sizeof text, "%.*s", (int)len, name);
    json_t *value = json_string(text);
    return value ? value : json_string("(not text)");
}

static void put(json_t *set, const char *name)
{
    if (json_object_size(set) >= JUDGE_LIST_MAX)
        return;
    AUTO(json) json_t *key = shown(name);
    json_object_set_new(set, json_string_value(key), json_true());
}

static void add_finding(struct judge *judge, const struct policy_rule *rule, const char *name,
                        size_t start, size_t end)
{
    char key[160];
    if (rule->level > judge->level)
        judge->level = rule->level;
    if (json_array_size(judge->findings) >= JUDGE_FINDINGS_MAX)
        return;
    size_t column = find_line(judge, start);
    size_t line = judge->line;
    snprintf(key, sizeof key, "%zu %s", line, rule->id);
    if (json_object_get(judge->seen, key))
        return;
    json_object_set_new(judge->seen, key, json_true());
    const char *text = (const char *)judge->code.data + start;
    const char *stop = end > start ? memchr(text, '\n', end - start) : NULL;
    int64_t width = (int64_t)characters(text, stop ? (size_t)(stop - text) : end - start);
    json_array_append_new(judge->findings,
                          json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:o}", "rule", rule->id,
                                    "level", policy_level_name(rule->level), "line",
                                    (json_int_t)line, "column", (json_int_t)column, "end_column",
                                    (json_int_t)column + width, "title", rule->title, "explanation",
                                    rule->explanation, "what", shown(name)));
}

void judge_fact(struct judge *judge, enum fact_kind kind, const char *name, size_t start,
                size_t end)
{
    bool told;
    const struct policy_rule *rule = rules_find(judge->rules, kind, name, judge->number, &told);
    if (fact_keys[kind] && !told)
        put(judge->facts[kind], name);
    if (!rule)
        return;
    if (*rule->capability && !told) {
        json_t *set = json_object_get(judge->capabilities, rule->capability);
        if (!set)
            json_object_set_new(judge->capabilities, rule->capability, set = json_object());
        put(set, name);
    }
    start = start < judge->code.len ? start : judge->code.len;
    end = end < judge->code.len ? end : judge->code.len;
    if (rule->level > POLICY_NONE)
        add_finding(judge, rule, name, start, end < start ? start : end);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *sorted(const json_t *set)
{
    size_t count = 0;
    const char **names = memory_new(json_object_size(set), sizeof(char *));
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)set, key, value)
        names[count++] = key;
    qsort(names, count, sizeof(char *), compare_texts);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(names[i]));
    free(names);
    return list;
}

json_t *judge_verdict(struct judge *judge, const char *language)
{
    static const char *const capabilities[] = {"reads", "changes", "calls", "saves"};
    json_t *can = json_object(), *facts = json_object();
    for (size_t i = 0; i < COUNT_OF(capabilities); i++)
        json_object_set_new(can, capabilities[i],
                            sorted(json_object_get(judge->capabilities, capabilities[i])));
    for (size_t i = 0; i < FACT_KINDS; i++)
        if (fact_keys[i] && json_object_size(judge->facts[i]))
            json_object_set_new(facts, fact_keys[i], sorted(judge->facts[i]));
    if (judge->statements)
        json_object_set_new(facts, "statement_count", json_integer((json_int_t)judge->statements));
    return json_pack("{s:s, s:s, s:I, s:s, s:o, s:o, s:o}", "level",
                     policy_level_name(judge->level), "engine", "ok", "policy_version",
                     (json_int_t)rules_version(judge->rules), "language", language, "capabilities",
                     can, "findings", findings_sorted(judge->findings), "facts", facts);
}

json_t *judge_code(struct rules *rules, const char *language, struct bytes code)
{
    static const struct {
        const char *name;
        void (*judge)(struct judge *judge, struct bytes code);
    } languages[] = {{"python", judge_python}, {"sql", judge_sql}};
    __attribute__((cleanup(judge_auto))) struct judge judge;
    judge_open(&judge, rules, code);
    size_t i = 0;
    while (i < COUNT_OF(languages) && strcmp(languages[i].name, language) != 0)
        i++;
    if (i < COUNT_OF(languages))
        languages[i].judge(&judge, code);
    else
        judge_fact(&judge, FACT_CLAUSE, "language.unknown", 0, 0);
    return judge_verdict(&judge, language);
}
