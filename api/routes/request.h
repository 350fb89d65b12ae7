/* Submitting, listing and reading requests. */
#pragma once

#include "api/http/router.h"

route_fn route_submit, route_submit_batch, route_request_list, route_request_get,
    route_revision_get, route_revise, route_run_again, route_request_audit;
