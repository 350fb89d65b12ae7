/* What people and teams may spend, and what is left of it. */
#pragma once

#include "api/http/router.h"

route_fn route_budgets, route_budget_set, route_budget_end;
