/* Loops that go on as long as there is something of what they themselves only add to. */
#pragma once

#include "policy/python_internal.h"

/* Whether what a `while` asks for can only become more in it: nothing takes from it, and nothing
 * else is given it that might. */
bool python_only_grows(const struct python *python, const struct node *loop);

/* Whether a `for` adds in every round to the list that it goes through. */
bool python_feeds_itself(const struct python *python, const struct node *loop);

/* Whether a `for` makes a list or a text twice as long so often that no memory holds it. */
bool python_doubles(const struct python *python, const struct node *loop);
