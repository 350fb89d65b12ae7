/* The subcommands of `countersign`: one table, one function each. */
#pragma once

#include "admin/options.h"

struct command {
    const char *name;  /* "person add": one or two words */
    const char *usage; /* what follows the name: "LOGIN [--name NAME]" */
    const char *says;
    /* Prints its own results; an error is printed by main, as exit status 1, or
     * 64 (EX_USAGE) for ERR_BAD_REQUEST. */
    bool (*run)(struct words *words, int *ret_status, struct error *err);
    struct option_table options;
};

/* One of each per file that has subcommands; ends with a NULL name. */
extern const struct command commands_migrate[];
extern const struct command commands_people[];
extern const struct command commands_tokens[];
extern const struct command commands_stack[];
extern const struct command commands_pause[];
extern const struct command commands_quorum[];
extern const struct command commands_budgets[];
extern const struct command commands_policy[];
extern const struct command commands_break_glass[];
extern const struct command commands_health[];
extern const struct command commands_keys[];
extern const struct command commands_audit[];
extern const struct command commands_audit_query[];
extern const struct command commands_audit_drop[];
extern const struct command commands_plain[]; /* settings, version */
