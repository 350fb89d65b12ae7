#include "api/database.h"

/* Of the age in which this thread's connection was opened. */
static _Thread_local int_fast64_t opened_in;

bool database_ready(struct api *api, struct db **io_db, struct error *err)
{
    int_fast64_t age = atomic_load(&api->database_age);
    if (*io_db && opened_in != age) {
        db_close(*io_db);
        *io_db = NULL;
    }
    if (*io_db)
        return true;
    opened_in = age;
    return db_open(api->settings.database_url.value, "countersign-api", io_db, err);
}

bool database_failed(struct api *api, const struct error *err)
{
    if (err->code != ERR_UNAVAILABLE && err->code != ERR_LOST)
        return false;
    atomic_fetch_add(&api->database_age, 1);
    return true;
}
