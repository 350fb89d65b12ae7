/* How many items what is gone through gives, before it runs. */
#pragma once

#include "policy/python_internal.h"

/* Of range(), itertools.product() and the like, lists and names of them; with `for` clauses all of
 * them together. Not a number when it is not known. */
double python_rows(const struct python *python, const struct node *node, int depth);

/* Of a loop with all those that it is in: the rounds of its body. */
double python_rounds(const struct python *python, const struct node *loop);
