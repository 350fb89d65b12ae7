/* Runs a stack from start to end. */
#pragma once

#include "admin/stack/stack.h"

/* Starts everything, runs `command` (or until told to stop, when it is empty),
 * stops everything. *ret_status is the command's. `ready_fd` (or -1) gets one
 * byte once all of it answers. */
bool stack_run(const struct stack_options *options, char *const *command, int ready_fd,
               int *ret_status, struct error *err) MUST_CHECK;
