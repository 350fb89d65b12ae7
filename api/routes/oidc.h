/* Signing in, or confirming a session, at the OpenID provider. */
#pragma once

#include "api/http/router.h"

route_fn route_oidc_start, route_oidc_finish, route_identity_link;
