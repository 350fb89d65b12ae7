/* Server-sent events. */
#pragma once

#include "api/http/router.h"

route_fn route_events, route_request_events, route_request_output;
