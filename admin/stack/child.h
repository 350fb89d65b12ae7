/* Puts a child's description together. */
#pragma once

#include "admin/stack/supervisor.h"

/* A child with its program and words; the last word is NULL. */
void child_name(struct child *child, const char *name, enum child_rank rank);
void child_program(struct child *child, const char *program, const char *const *words);
