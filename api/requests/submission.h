/* A submission out of JSON: checked, and completed with what the settings say. */
#pragma once

#include "api/api.h"

/* The item for submit_requests; new. `path` names the place in the body, "" at the top. */
bool submission_read(const struct api *api, const json_t *body, const char *path, json_t **ret_item,
                     struct error *err) MUST_CHECK;

/* Adds the verdict on the code, without which submit_requests takes no item. */
bool submission_judge(const struct api *api, const json_t *body, json_t *item,
                      struct error *err) MUST_CHECK;

/* The item for revise_requests; new. */
bool submission_read_revision(const struct api *api, const json_t *body, int64_t request_id,
                              json_t **ret_item, struct error *err) MUST_CHECK;

/* The most of each limit of a run, which is also what it gets that asks for less of none; new. */
json_t *submission_most(const struct settings *settings);

/* Adds until when what is asked for waits for reviewers, and when somebody is told. */
void submission_add_clocks(const struct settings *settings, json_t *item);

/* The rest for a revision whose language is known, which it may keep from the one before: whether
 * its code is plain (ERR_NOT_ACCEPTABLE, field "code"), and the verdict for the item. */
bool submission_judge_revision(const struct api *api, const json_t *body, const char *language,
                               json_t *item, struct error *err) MUST_CHECK;
