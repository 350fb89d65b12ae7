/* Which texts may reach a name: through lists and dictionaries, loops, choices and calls. */
#pragma once

#include "policy/python_internal.h"

/* The texts in a list, or the values of a dictionary, of a name; NULL when they are not all known.
 * Borrowed. */
const json_t *python_parts(const struct python *python, const struct node *node);

/* A name that is given a list or dictionary; what else it is given has no parts that are known. */
void python_learn_parts(struct python *python, const char *key, const struct node *value);
/* name["x"] = value */
void python_learn_part(struct python *python, const struct node *target, const struct node *value);
/* name.append(value), with what the call is given */
void python_learn_added(struct python *python, const struct node *object,
                        const struct node *arguments);
/* A name that is one of several texts; false when it is not so, or they are not all known. */
bool python_learn_choices(struct python *python, const char *key, const struct node *value);
/* The targets of a loop; false when its values are not all known. */
bool python_learn_each_of(struct python *python, const struct node *target,
                          const struct node *values);
/* Adds every text that a value, or something in it, may be; false when they are not all known. */
bool python_collect(const struct python *python, const struct node *node, json_t *texts);
void python_learn_texts(struct python *python, const char *key, const json_t *texts);

/* The keys of a dictionary, or of a name of one, as far as they are known. Caller frees. */
json_t *python_keys(const struct python *python, const struct node *node);
