/* Files that the program writes itself, whole: taking one away is no more than writing over it. */
#pragma once

#include "policy/python_internal.h"

/* Gives what removes or moves files, called with the program's own alone, a name that says so. */
void python_name_removed(struct python *python, const struct node *function,
                         struct buffer *ret_name);

/* Whether a path, of which all is seen, stays in the folder of the run. */
bool python_is_own_place(const char *path);
