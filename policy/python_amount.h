/* How much a program asks for: numbers, and what has no end. */
#pragma once

#include "policy/python_internal.h"

/* The number that an expression gives, as far as it can be seen; of several the product, as
 * sizes are written. Not a number when it is not known. */
double python_amount(const struct python *python, const struct node *node, int depth);
/* "number.huge" or "number.large", NULL of what is small or not known. */
const char *python_amount_word(double amount);
/* Tells what takes memory or time without bounds: a sum, a loop, a function that calls itself. */
void python_tell_amount(struct python *python, const struct node *node);
