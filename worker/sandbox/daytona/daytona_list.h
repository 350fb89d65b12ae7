/* Which of our sandboxes Daytona has, and the end of one by its id: for the janitor. */
#pragma once

#include "worker/sandbox/daytona/daytona_api.h"

/* As `list` and `remove` of struct sandbox_backend. */
bool daytona_list(void *context, struct sandbox_page *page, struct error *err);
bool daytona_remove(void *context, const char *remote_id, struct error *err);
