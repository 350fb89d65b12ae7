/* What runs cost, and what budgets have of it. */
#pragma once

#include "common/base/error.h"

struct verify;

bool verify_costs(struct verify *verify, struct error *err) MUST_CHECK;
/* The sums over them, once none is known to be missing. */
bool verify_budgets(struct verify *verify, struct error *err) MUST_CHECK;
