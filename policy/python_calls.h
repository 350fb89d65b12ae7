/* What functions of the program are called with, where all their calls can be seen. */
#pragma once

#include "policy/python_internal.h"

/* False when others may call it: a method, a function with a decorator, or one used as a value. */
bool python_learn_function(struct python *python, const struct node *function);
/* What a call gives to parameters, or puts into a list. */
void python_learn_call(struct python *python, const struct node *call);
/* A function as a value: anything may call it then. */
void python_learn_mention(struct python *python, const struct node *identifier);
/* A class or a decorator: others call the functions in it. */
void python_learn_open(struct python *python, const struct node *node);
