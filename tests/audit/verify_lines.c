/* Verifies the audit trail once for each line of stdin, after running the line as SQL; prints what
 * came of each. So thousands of changes can be tried in one transaction, and each be taken back.
 * Its one word, if there is any, is a file that `audit verify --checked` left earlier. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/audit/audit_place.h"
#include "common/base/log.h"

static void try_line(const struct audit_place *place, const struct checked *checked,
                     const char *line)
{
    struct error err = {0};
    struct verify_result result;
    const struct verify_options options = {.keys = place->keys,
                                           .decision_keys = place->decision_keys,
                                           .heads = place->heads,
                                           .head_count = place->head_count,
                                           .checked = checked};
    if (!db_run_script(place->db, line, &err))
        printf("refused %.*s\n", (int)strcspn(err.text, "\n"), err.text);
    else if (verify_run(place->db, &options, &result, &err))
        printf("whole\n");
    else
        printf("%s %s\n", err.code == ERR_CONFLICT ? "broken" : "unreadable", err.text);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct error err = {0};
    struct checked checked = {0};
    AUTO(audit_place) struct audit_place place = {0};
    char *line = NULL;
    size_t size = 0;
    log_open("verify_lines", LOG_WARN);
    if (!crypto_init(&err) || !audit_place_open(NULL, &place, &err) ||
        (argc > 1 && !checked_read(argv[1], &checked, &err))) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    while (getline(&line, &size, stdin) > 0)
        try_line(&place, &checked, line);
    free(line);
    return 0;
}
