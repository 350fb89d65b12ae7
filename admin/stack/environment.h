/* A list of NAME=value for a child process. */
#pragma once

#include <stddef.h>

struct environment {
    char **list; /* ends with NULL; may be NULL itself when empty */
    size_t count;
};

void environment_auto(struct environment *environment);
void environment_copy(struct environment *environment, char *const *from); /* ends with NULL */
void environment_set(struct environment *environment, const char *name, const char *value);
/* Only when it is not set yet. */
void environment_default(struct environment *environment, const char *name, const char *value);
