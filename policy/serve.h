/* The child's side of the conversation with common/io/policy_child.c. */
#pragma once

#include <stdbool.h>

#define SERVE_FRAME_MAX (8U << 20)

/* Reads frames from `in` and answers each on `out`: a byte, a length of four bytes, the rest.
 * 'R' brings the rules as JSON; 'J' a language, NUL and code. An answer is a length and JSON.
 * Returns when the input ends; false when it makes no sense. */
bool serve(int in, int out);
