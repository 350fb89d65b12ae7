/* People, teams and tokens. */
#pragma once

#include "api/http/router.h"

route_fn route_people, route_person_create, route_person_change, route_teams, route_team_create,
    route_tokens, route_token_create, route_token_revoke;
