/* Root is for the launcher alone: the worker becomes a plain user. */
#pragma once

#include "common/base/error.h"

/* When the process is root it becomes `user`, for good. Refuses a user that is
 * root. Call after launcher_start and before anything is opened. */
bool privileges_drop(const char *user, struct error *err) MUST_CHECK;
