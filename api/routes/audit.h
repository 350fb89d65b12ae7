/* What admins ask of the audit trail: ready-made questions, SQL of their own, and how far it is
 * sealed. */
#pragma once

#include "api/http/router.h"

route_fn route_audit_questions, route_audit_query, route_audit_head;
