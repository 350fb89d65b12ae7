/* Server-sent events. */
#pragma once

#include "api/router.h"

route_fn route_events, route_request_events, route_request_output;
