/* The rules of one policy version: which facts they speak of, and what each says of them. */
#pragma once

#include "common/base/json.h"

enum policy_level {
    POLICY_NONE,
    POLICY_NOTE,
    POLICY_MEDIUM,
    POLICY_HIGH,
    POLICY_BLOCK,
    POLICY_LEVELS
};

/* X(enum suffix, name in rules, key below `facts` of a verdict or NULL) */
#define FACT_TABLE(X)                                                                              \
    X(IMPORT, "import", "imports")                                                                 \
    X(NAME, "name", NULL)                                                                          \
    X(CALL, "call", "calls")                                                                       \
    X(ATTRIBUTE, "attribute", NULL)                                                                \
    X(ARGUMENT, "argument", NULL)                                                                  \
    X(STRING, "string", NULL)                                                                      \
    X(STATEMENT, "statement", "statements")                                                        \
    X(RELATION, "table", "tables")                                                                 \
    X(COLUMN, "column", "columns")                                                                 \
    X(FUNCTION, "function", "functions")                                                           \
    X(CLAUSE, "clause", NULL)

enum fact_kind {
#define X(suffix, name, key) FACT_##suffix,
    FACT_TABLE(X)
#undef X
        FACT_KINDS
};

struct policy_rule {
    const char *id, *title, *explanation, *capability;
    enum policy_level level;
};

struct rules;

/* {version, rules: [{id, match, patterns: [text], level, title, explanation, capability}]}, as
 * cs.policy_rules() gives it. The error names the field. Caller frees. */
bool rules_read(struct bytes json, struct rules **ret_rules, struct error *err) MUST_CHECK;
void rules_auto(struct rules **rules);
int64_t rules_version(const struct rules *rules);

/* The number of a new judgement. */
uint64_t rules_begin(struct rules *rules);
/* The rule whose pattern is the most exact; of texts, where several may fit, the one of the
 * highest level. NULL when none fits. `*ret_told`: this judgement asked about it before. */
const struct policy_rule *rules_find(struct rules *rules, enum fact_kind kind, const char *name,
                                     uint64_t judgement, bool *ret_told);

/* What the rules say of it, which is not told by asking. */
enum policy_level rules_level(struct rules *rules, enum fact_kind kind, const char *name);

/* Whether a rule other than the one of that id says more than a note of it. */
bool rules_raise_beside(const struct rules *rules, enum fact_kind kind, const char *name,
                        const char *id);

/* Whether a rule lists a name whole and lets it pass. */
bool rules_let_pass(const struct rules *rules, enum fact_kind kind, const char *name);

const char *policy_level_name(enum policy_level level);
/* * stands for any characters; nothing else is special. */
bool pattern_fits(const char *pattern, const char *text);
