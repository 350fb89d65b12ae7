/* Results of a run and input files, as bytes. */
#pragma once

#include "api/http/router.h"

route_fn route_result, route_file;
/* Uploads have no function of their own: api/requests/upload.c takes their steps. */
