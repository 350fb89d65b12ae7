/* A database in a file that the program makes: it asks for no table but those that it made. */
#pragma once

#include "policy/python_internal.h"

/* Whether connect() is called with a file in the folder of the run, in plain words. */
bool python_is_store(const char *place);

/* Looks what a call, whose name is given, asks of a database. */
void python_learn_store(struct python *python, const struct node *call, const char *name);

/* Looks what a text of SQL asks for, whoever is given it: the way there may not be seen. */
void python_learn_statement(struct python *python, const struct node *text);

/* Whether the program made all tables that it writes to and reads, and takes nothing away. */
bool python_made_store(const struct python *python);
