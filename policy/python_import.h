/* What import statements bring, name by name. */
#pragma once

#include "policy/python_internal.h"

typedef void python_import_fn(struct python *python, const char *module, const struct node *item);

/* Calls `each` for every name that an import statement brings; module NULL: import a, b. */
void python_each_import(struct python *python, const struct node *node, const char *module,
                        python_import_fn *each);

/* Tells which modules and names it brings. */
void python_tell_import(struct python *python, const struct node *node);
