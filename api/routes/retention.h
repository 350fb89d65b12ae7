/* How two admins agree that a part of the audit trail is dropped. */
#pragma once

#include "api/http/router.h"

route_fn route_retention_list, route_retention_propose, route_retention_agree,
    route_retention_withdraw;
