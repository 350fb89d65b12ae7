/* Which of our sandboxes Daytona has, and the end of one by its id: for the janitor; and whether
 * it tells us at all. */
#pragma once

#include "worker/sandbox/daytona/daytona_api.h"
#include "worker/sandbox/readiness.h"

/* A readiness_ask_fn: whether the list can be asked for. */
enum readiness_answer daytona_preflight(void *context, char ret_why_not[READINESS_WHY]);

/* As `list` and `remove` of struct sandbox_backend. */
bool daytona_list(void *context, struct sandbox_page *page, struct error *err);
bool daytona_remove(void *context, const char *remote_id, struct error *err);
