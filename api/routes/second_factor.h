/* The second factor of one's own account: set up, turned on by a first code, turned off. */
#pragma once

#include "api/http/router.h"

route_fn route_factor_get, route_factor_begin, route_factor_confirm, route_factor_remove;
