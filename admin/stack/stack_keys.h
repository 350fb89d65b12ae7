/* The keys of a private stack: made at its first start, and named to its programs by settings. */
#pragma once

#include "admin/stack/environment.h"
#include "admin/stack/stack.h"

/* The secret keys in a folder of the api's account, their public halves where every account reads
 * them. What is there stays. */
bool stack_keys_make(struct stack *stack, struct error *err) MUST_CHECK;

/* Where they are: the secret ones for the api alone. Keys that the environment names are those of
 * another stack: half of them would not fit the other half. */
void stack_keys_secret(const struct stack *stack, struct environment *environment);
void stack_keys_public(const struct stack *stack, struct environment *environment);
