/* Whether something ends its process: in a child, so that the test lives on. */
#pragma once

#include <stdbool.h>

/* True when the call aborted. What it printed is not shown. */
bool death_of(void (*call)(void *context), void *context);
