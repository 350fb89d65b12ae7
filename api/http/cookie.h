/* Reads one cookie out of a Cookie header. */
#pragma once

#include "common/base/error.h"

/* ret_value is "" when the name is not there. ERR_BAD_REQUEST when it is there
 * twice or its value does not fit `size`. Other cookies are not ours to judge. */
bool cookie_read(const char *header, const char *name, char *ret_value, size_t size,
                 struct error *err) MUST_CHECK;
