/* What the names of a program are given. */
#pragma once

#include "policy/python_internal.h"

/* Learns the names of imports and of what is given another name, in the whole tree. */
void python_learn_all(struct python *python, const struct python_tree *tree);

/* A text that a name is given, and a name that is given what can not be seen. */
void python_know_text(struct python *python, const char *key, const char *text);
void python_forget_text(struct python *python, const char *key);
