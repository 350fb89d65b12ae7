/* Deciding on requests, and taking them back. */
#pragma once

#include "api/http/router.h"

struct call;

/* Who is refused with *io_err before a deciding route looks at what they ask: has the audit trail
 * keep that, before they are told. When it can not be kept *io_err says so instead. */
void decision_barred(const struct call *call, struct error *io_err);

route_fn route_decide, route_break_glass, route_undo, route_cancel, route_settle;
