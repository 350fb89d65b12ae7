/* Deciding on requests, and taking them back. */
#pragma once

#include "api/http/router.h"

route_fn route_decide, route_break_glass, route_undo, route_cancel, route_settle;
