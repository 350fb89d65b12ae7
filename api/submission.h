/* A submission out of JSON: checked, and completed with what the settings say. */
#pragma once

#include "api/api.h"

/* The item for submit_requests; new. `path` names the place in the body, "" at the top. */
bool submission_read(const struct api *api, const json_t *body, const char *path, json_t **ret_item,
                     struct error *err) MUST_CHECK;

/* The item for revise_requests; new. */
bool submission_read_revision(const struct api *api, const json_t *body, int64_t request_id,
                              json_t **ret_item, struct error *err) MUST_CHECK;
