/* Keeps the counts of a process that leaves by _exit, abort or assert; included before every file
 * of a coverage build. */
#pragma once

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

void __gcov_dump(void);

#define _exit(status) (__gcov_dump(), _exit(status))
#define abort() (__gcov_dump(), abort())
#define __assert_fail(what, file, line, function)                                                  \
    (__gcov_dump(), __assert_fail(what, file, line, function))
