/* One judgement: facts come in; findings, capabilities and the lists of facts come out. */
#pragma once

#include "policy/rules.h"

#define JUDGE_FINDINGS_MAX 200
#define JUDGE_LIST_MAX 500

struct judge {
    struct rules *rules; /* borrowed */
    struct bytes code;   /* borrowed */
    uint64_t number;     /* of this judgement, by these rules */
    enum policy_level level;
    json_t *findings; /* array */
    json_t *seen;     /* findings by rule and line: each is told once */
    json_t *facts[FACT_KINDS];
    json_t *capabilities;        /* name → set */
    size_t at, line, line_start; /* where the last place was found: most come in order */
    size_t statements;
};

void judge_open(struct judge *judge, struct rules *rules, struct bytes code);
void judge_auto(struct judge *judge);

/* A fact at bytes `start` to `end` of the code. Names that are no UTF-8 are told as such. */
void judge_fact(struct judge *judge, enum fact_kind kind, const char *name, size_t start,
                size_t end);

/* {level, engine, policy_version, language, capabilities, findings, facts} in one fixed order.
 * Caller decrefs. */
json_t *judge_verdict(struct judge *judge, const char *language);

/* What is to be judged, each in its own language. `code` may hold any bytes. */
void judge_python(struct judge *judge, struct bytes code);
void judge_sql(struct judge *judge, struct bytes code);
/* Whether PostgreSQL's parser reads it. */
bool sql_is_read(struct bytes sql);
/* SQL inside another program, all of whose facts are at `start` to `end`; false, and no facts,
 * when it is none. */
bool judge_sql_text(struct judge *judge, struct bytes sql, size_t start, size_t end);

/* Judges by the name of the language; an unknown one is a finding. Caller decrefs. */
json_t *judge_code(struct rules *rules, const char *language, struct bytes code);
