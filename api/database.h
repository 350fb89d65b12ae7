/* Each handler's own connection: opened when needed, and anew after any of the
 * process's connections was found broken, so that a restarted database costs
 * one failed request and not one for each handler. */
#pragma once

#include "api/api.h"

bool database_ready(struct api *api, struct db **io_db, struct error *err) MUST_CHECK;

/* Takes note of a failure; true when it was one of the connection. */
bool database_failed(struct api *api, const struct error *err);
