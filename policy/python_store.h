/* A database in a file that the program makes: it asks for no table but those that it made. */
#pragma once

#include "policy/python_internal.h"

/* Whether connect() is called with a file in the folder of the run, in plain words. */
bool python_is_store(const char *place);

/* Looks what a call asks of a database, and a text of SQL, whoever is given it: the way there may
 * not be seen. Of every node, when there are databases in files. */
void python_learn_store(struct python *python, const struct node *node);

/* Whether the program made all tables that it writes to and reads, and takes nothing away. */
bool python_made_store(const struct python *python);
