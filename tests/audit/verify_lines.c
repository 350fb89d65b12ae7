/* Verifies the audit trail once for each line of stdin, after running the line as SQL; prints what
 * came of each. So thousands of changes can be tried in one transaction, and each be taken back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/audit/audit_place.h"
#include "common/base/log.h"

static void try_line(const struct audit_place *place, const char *line)
{
    struct error err = {0};
    struct verify_result result;
    const struct verify_options options = {
        place->keys, place->decision_keys, place->heads, place->head_count, false, NULL};
    if (!db_run_script(place->db, line, &err))
        printf("refused %.*s\n", (int)strcspn(err.text, "\n"), err.text);
    else if (verify_run(place->db, &options, &result, &err))
        printf("whole\n");
    else
        printf("%s %s\n", err.code == ERR_CONFLICT ? "broken" : "unreadable", err.text);
    fflush(stdout);
}

int main(void)
{
    struct error err = {0};
    AUTO(audit_place) struct audit_place place = {0};
    char *line = NULL;
    size_t size = 0;
    log_open("verify_lines", LOG_WARN);
    if (!crypto_init(&err) || !audit_place_open(NULL, &place, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    while (getline(&line, &size, stdin) > 0)
        try_line(&place, line);
    free(line);
    return 0;
}
