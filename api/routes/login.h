/* Signing in and out, and what the page needs to know about who is signed in. */
#pragma once

#include "api/http/router.h"

route_fn route_login, route_logout, route_me;
