/* Keeps the counts of a process that leaves by _exit, abort or assert, or that others kill;
 * included before every file of a coverage build. */
#pragma once

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNTED

void __gcov_dump(void);
void __gcov_reset(void);

/* Those up to now; what comes later is counted anew, and added. */
static inline void counts_keep(void)
{
    __gcov_dump();
    __gcov_reset();
}

#define _exit(status) (__gcov_dump(), _exit(status))
#define abort() (__gcov_dump(), abort())
#define __assert_fail(what, file, line, function)                                                  \
    (__gcov_dump(), __assert_fail(what, file, line, function))
