/* What watches the process asks: alive, ready, numbers. */
#pragma once

#include "api/http/router.h"

route_fn route_healthz, route_readyz, route_metrics, route_instance;
