/* Stopping everything new from starting, and letting it start again. */
#include <stdio.h>

#include "admin/command.h"
#include "admin/operator.h"
#include "statements.h"

static const char *team_option, *backend_option;

static bool set_pause(bool paused, const char *reason, struct error *err)
{
    char scope[64] = "all";
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    if (team_option && backend_option)
        return fail(err, ERR_BAD_REQUEST, "--team and --backend are two pauses");
    if (team_option)
        snprintf(scope, sizeof scope, "team:%s", team_option);
    if (backend_option)
        snprintf(scope, sizeof scope, "backend:%s", backend_option);
    if (!operator_open(&db, err) || !sql_operator_pause(db, scope, paused, reason, &rows, err))
        return false;
    printf("%s: %s\n", scope, paused ? "paused" : "runs");
    return true;
}

static bool run_pause(struct words *words, int *ret_status, struct error *err)
{
    *ret_status = 0;
    if (words->count > 1)
        return fail(err, ERR_BAD_REQUEST, "pause takes one reason; put it in quotes");
    return set_pause(true, words->count ? words->list[0] : "", err);
}

static bool run_resume(struct words *words, int *ret_status, struct error *err)
{
    *ret_status = 0;
    if (words->count)
        return fail(err, ERR_BAD_REQUEST, "resume takes no words: %s", words->list[0]);
    return set_pause(false, "", err);
}

static const struct option_entry entries[] = {
    {"--team", "ID", "only this team's (everybody's)", &team_option, NULL},
    {"--backend", "NAME", "only those in local, e2b or daytona (all)", &backend_option, NULL},
};

const struct command commands_pause[] = {
    {"pause",
     "[REASON]",
     "start no run from now on; those that run go on",
     run_pause,
     {entries, COUNT_OF(entries)}},
    {"resume", "", "let runs start again", run_resume, {entries, COUNT_OF(entries)}},
    {0},
};
