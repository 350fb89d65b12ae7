/* A database in a file that the program makes: it asks for no table but those that it made. */
#pragma once

#include "policy/python_internal.h"

/* Whether connect() is called with a file in the folder of the run, in plain words. */
bool python_is_store(const char *place);

/* Looks what calls ask of a database, and every text of SQL, whoever is given it: the way there may
 * not be seen. `databases.own` is then whether the program made all tables that it writes to and
 * reads, and takes nothing away. */
void python_learn_stores(struct python *python, const struct python_tree *tree);
