/* Options of one subcommand, from a table that also prints its --help. */
#pragma once

#include <stdio.h>

#include "common/base/error.h"

/* Either `ret_text` (the option takes a value) or `ret_flag` is set. */
struct option_entry {
    const char *name;  /* "--data" */
    const char *value; /* what its value is called: "DIR"; NULL for a flag */
    const char *says;
    const char **ret_text;
    bool *ret_flag;
};

struct option_table {
    const struct option_entry *entries;
    size_t count;
};

/* What is left after the options: the plain words, in order; what follows "--"
 * is always a plain word. */
struct words {
    int count;
    char **list;
};

/* `io_words` starts as everything behind the subcommand. Texts are borrowed. */
bool options_take(const struct option_table *table, struct words *io_words,
                  struct error *err) MUST_CHECK;

void options_print(const struct option_table *table, FILE *out);

/* A number within the bounds, else an error that names the option. */
bool options_number(const char *name, const char *text, const long bounds[2], long *ret_number,
                    struct error *err) MUST_CHECK;
