/* What a running stack wrote about itself. */
#pragma once

#include "common/base/json.h"

/* DATA_DIR, else .data. */
const char *stack_state_folder(void);

/* *ret_state NULL when no stack runs there. Caller decrefs. */
bool stack_state_read(const char *folder, json_t **ret_state, struct error *err) MUST_CHECK;
