/* Names that look like others: what is disguised, and what leads nowhere although it seems to. */
#pragma once

#include "policy/python_internal.h"

/* Whether Python reads the name as one in other letters. */
bool python_is_disguised(struct bytes name);
/* Whether an identifier is only part of "name" in globals(). */
bool python_only_asks(const struct node *node, struct bytes text);
/* Whether an attribute, whose last name is given, stays within the program's own values. */
bool python_is_plain(const struct python *python, const struct node *node, const char *last);
