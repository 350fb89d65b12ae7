/* Names that look like others: what is disguised, and what leads nowhere although it seems to. */
#pragma once

#include "policy/python_internal.h"

/* Whether Python reads the name as one in other letters. */
bool python_is_disguised(struct bytes name);
/* Whether an identifier is only part of "name" in globals(). */
bool python_only_asks(const struct node *node, struct bytes text);
/* Whether an attribute, whose last name is given, stays within the program's own values. */
bool python_is_plain(const struct python *python, const struct node *node, const char *last);
/* Whether getattr(self.part, name), of the arguments given, stays within the program's own values
 * and its tables. */
bool python_is_own(const struct python *python, const struct node *arguments);
/* Of what reads the environment, named so, the key that it asks for; NULL when there is none. */
const struct node *python_asked_key(const struct node *node, const char *name);
/* Whether it is the name of a field of a data class. */
bool python_names_field(const struct python *python, const struct node *node);
/* Whether "visit_?" begins like a plain name: it leads to nothing inside of Python. */
bool python_is_prefixed(const char *text);

/* Whether a function is __del__ and only says something or closes what is its own. */
bool python_ends_plainly(const struct python *python, const struct node *function);

enum python_use {
    PYTHON_TAKEN, /* by anything */
    PYTHON_HELD,  /* a pattern or a caption, which may come out again where no one sees it */
    PYTHON_SHOWN, /* to a person, or counted in texts: it never comes out again */
};
/* What is done with a text. */
enum python_use python_use_of(const struct python *python, const struct node *text);
