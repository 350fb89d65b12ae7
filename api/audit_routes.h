/* What admins ask of the audit trail: ready-made questions and SQL of their own. */
#pragma once

#include "api/router.h"

route_fn route_audit_questions, route_audit_query;
