/* A thread that does the same again and again, with a rest between, until it is told to end. */
#pragma once

#include <stdint.h>

struct paced;

/* Does it once; returns how long to rest, in ms. */
typedef int64_t paced_fn(void *context);

struct paced *paced_start(paced_fn *act, void *context);
void paced_end(struct paced *paced); /* after what is under way; NULL is fine */
