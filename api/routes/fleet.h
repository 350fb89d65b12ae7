/* Workers, what they run, and pauses. */
#pragma once

#include "api/http/router.h"

route_fn route_workers, route_pause_set, route_pause_clear;
