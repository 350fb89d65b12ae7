/* Lines of JSON between a stack and the tests that drive it. */
#pragma once

#include "admin/stack/stack.h"

/* Reads {"do": "start" | "stop", "name": "worker-1", "env": {"NAME": "value"}}
 * from stdin, one per line; its end stops the stack. Writes {"event": …} to
 * stdout: ready, started, ended, failed. */
void stack_control_open(struct stack *stack);
void stack_control_ready(const struct stack *stack);
