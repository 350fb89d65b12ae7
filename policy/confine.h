/* What the child program gives up before it reads anything from outside. */
#pragma once

#include "common/base/error.h"

/* One heap for all threads. Call it before there are any. */
void confine_memory(void);
/* Every file descriptor but 0, 1 and 2, most memory and processor time, new rights, and all
 * system calls that reading, answering and memory do not need. */
bool confine_self(struct error *err) MUST_CHECK;
