/* What the answer to a submission warns of: that too few people may approve it. */
#pragma once

#include "api/api.h"

/* For how long an answer is used again, for the next submission of the same person. */
#define WARNING_MS 5000

struct warnings;

struct warnings *warnings_new(void);
void warnings_free(struct warnings *warnings);

/* Adds {warning: {code, message}} to the answer to a new request for this team, 0 for the only one
 * of its author. As of WARNING_MS ago at most, so that it costs a stream of submissions nothing.
 * What was submitted is submitted: that nobody could be asked is no error. */
void warnings_add(struct call *call, int64_t team_id, json_t *result);

/* The same, asked of this very request: of what others had a part in. */
void warnings_add_now(struct call *call, json_t *result);
