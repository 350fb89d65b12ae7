/* What a container engine asks: is the api or the worker of this machine well? */
#include <string.h>
#include <unistd.h>

#include "admin/command.h"
#include "admin/stack/stack.h"
#include "build/gen/statements.h"
#include "common/base/settings.h"
#include "common/io/db.h"

static bool api_is_well(struct error *err)
{
    struct settings settings;
    if (!settings_load(SETTINGS_API, stderr, &settings, err))
        return false;
    if (!stack_port_is_ready((long)settings.api_port))
        return fail(err, ERR_UNAVAILABLE, "nothing is ready at port %ld", (long)settings.api_port);
    return true;
}

/* A worker without a name of its own is called after its host. */
static bool worker_is_well(struct error *err)
{
    struct settings settings;
    char name[128] = "";
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    if (!settings_load(SETTINGS_WORKER, stderr, &settings, err))
        return false;
    if (settings.worker_name[0])
        snprintf(name, sizeof name, "%s", settings.worker_name);
    else
        gethostname(name, sizeof name - 1);
    if (!db_open(settings.database_url.value, "countersign health", &db, err) ||
        !sql_worker_is_alive(db, name, settings.lease_ms, &rows, err))
        return false;
    if (!rows_count(rows) || strcmp(rows_text(rows, 0, 0), "t") != 0)
        return fail(err, ERR_UNAVAILABLE, "the database has not heard from worker %s", name);
    return true;
}

static bool run_health(struct words *words, int *ret_status, struct error *err)
{
    *ret_status = 1;
    if (words->count != 1)
        return fail(err, ERR_BAD_REQUEST, "health takes one word: api or worker");
    if (strcmp(words->list[0], "api") != 0 && strcmp(words->list[0], "worker") != 0)
        return fail(err, ERR_BAD_REQUEST, "health of what? api or worker");
    bool is_api = words->list[0][0] == 'a';
    if (!(is_api ? api_is_well(err) : worker_is_well(err)))
        return false;
    printf("%s is well\n", words->list[0]);
    *ret_status = 0;
    return true;
}

const struct command commands_health[] = {
    {"health",
     "api|worker",
     "whether the one that runs here is well, by its exit status",
     run_health,
     {0}},
    {0},
};
