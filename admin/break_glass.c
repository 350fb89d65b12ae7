/* Whether an admin may approve alone what is of high risk. */
#include <string.h>

#include "admin/command.h"
#include "admin/operator.h"
#include "statements.h"

static bool call(json_t *take_item, struct error *err)
{
    static const char *const columns[] = {"break_glass", "since", "decisions"};
    AUTO(json) json_t *answer = NULL;
    if (!operator_call(sql_operator_break_glass, take_item, &answer, err))
        return false;
    operator_print(answer, columns, COUNT_OF(columns));
    return true;
}

static bool run_break_glass(struct words *words, int *ret_status, struct error *err)
{
    *ret_status = 0;
    const char *word = words->count == 1 ? words->list[0] : "";
    if (strcmp(word, "status") == 0)
        return call(json_object(), err);
    if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
        return fail(err, ERR_BAD_REQUEST, "break-glass takes one of on, off and status");
    return call(json_pack("{s:b}", "on", strcmp(word, "on") == 0), err);
}

const struct command commands_break_glass[] = {
    {"break-glass",
     "on|off|status",
     "whether an admin may approve alone what is of high risk (off)",
     run_break_glass,
     {0}},
    {0},
};
