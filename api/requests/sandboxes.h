/* Which sandboxes a request may ask for, by the settings, and what image each has. */
#pragma once

#include "common/base/error.h"
#include "common/base/json.h"
#include "common/base/settings.h"

/* Once, at the start: SANDBOX and SANDBOXES name sandboxes there are. */
bool sandboxes_check(const struct settings *settings, struct error *err) MUST_CHECK;

/* What is used when a request names none; borrowed for ever. */
const char *sandbox_default(const struct settings *settings);

/* The image that an approval binds; NULL when `name` may not be asked for. Borrowed
 * from the settings. "" is whatever the service takes by itself. */
const char *sandbox_image(const struct settings *settings, const char *name);

/* The names that may be asked for, as an array; caller decrefs. */
json_t *sandboxes_json(const struct settings *settings);
