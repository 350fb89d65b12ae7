/* What in code could lead a reviewer astray: refused where code must be plain, else a finding. */
#pragma once

#include "common/base/error.h"
#include "common/base/json.h"

#define DECEPTIONS_OF_A_KIND 50 /* of one rule and level; one more says how many were left out */

enum deception_level { DECEPTION_NOTE, DECEPTION_MEDIUM, DECEPTION_HIGH };

/* Lines and columns count from 1, columns in code points; both ends stop in front of the first
 * character that does not belong to it. */
struct deception {
    const char *rule;
    enum deception_level level;
    int64_t line, column, end_column;
    size_t start, end; /* bytes of the code */
    char title[160];
    const char *explanation;
};

struct deceptions {
    struct deception *list;
    size_t count;
};

void deceptions_auto(struct deceptions *deceptions);

/* Code that code_check took. Refuses what is not ASCII outside strings, comments and quoted
 * names with ERR_NOT_ACCEPTABLE, field "code", line, column and character. */
bool deception_check(struct bytes code, const char *language, struct error *err) MUST_CHECK;

/* All findings by line and column; *ret starts as {0}. `language` is python or sql. */
void deception_find(struct bytes code, const char *language, struct deceptions *ret_found);

/* A list of {rule, level, line, column, end_column, title, explanation}; caller decrefs. */
json_t *deception_json(struct bytes code, const char *language);
