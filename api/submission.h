/* A submission out of JSON: checked, and completed with what the settings say. */
#pragma once

#include "api/api.h"

/* The item for submit_requests; new. `path` names the place in the body, "" at the top. */
bool submission_read(const struct api *api, const json_t *body, const char *path, json_t **ret_item,
                     struct error *err) MUST_CHECK;

/* The item for revise_requests; new. */
bool submission_read_revision(const struct api *api, const json_t *body, int64_t request_id,
                              json_t **ret_item, struct error *err) MUST_CHECK;

/* Whether a revision that was read can be judged only by the language that it keeps; and that
 * judgement: ERR_NOT_ACCEPTABLE, field "code". */
bool submission_needs_language(const json_t *body);
bool submission_check_plain(const json_t *body, const char *language, struct error *err) MUST_CHECK;
