/* Where somebody is signed in, and how that ends. */
#pragma once

#include "api/http/router.h"

route_fn route_sessions, route_session_revoke, route_sessions_revoke;
