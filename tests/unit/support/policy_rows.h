/* Code, and what the rules of the database say of it. */
#pragma once

struct policy_row {
    const char *language; /* NULL ends the table */
    const char *code;
    const char *words; /* how "level rule@line:column …" begins */
};

extern const struct policy_row policy_rows[];
