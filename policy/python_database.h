/* Databases that are the program's own, most in its memory: what is done there changes nothing. */
#pragma once

#include "policy/python_internal.h"

/* Looks whether a node opens or names a database; of every node, after all names are learned. */
void python_learn_database(struct python *python, const struct node *node);
/* Whether a function of that name opens one. */
bool python_opens_database(const char *name);

/* Whether the program has databases, and all of them are in its memory, or in files that it makes.
 */
bool python_in_memory(const struct python *python);
/* Whether a statement, in small letters, may reach files, libraries or other machines. */
bool python_leaves_memory(const char *statement);
/* Gives what asks a database the name of those in memory, when all of them are. */
void python_name_memory(const struct python *python, struct buffer *ret_name);
/* Whether what a call says, as far as it can be seen, stays in memory. */
bool python_stays_in_memory(const struct python *python, const struct node *call);
/* Whether a text begins with a word that SQL begins with. */
bool python_begins_like_sql(const char *text);
/* Whether a function of that name takes SQL first. */
bool python_asks_database(const char *callee);
