/* The system calls that code in a sandbox may make. */
#pragma once

#include "common/base/error.h"

/* A memfd with the compiled program, at offset 0, for bubblewrap's --seccomp. Caller closes. */
bool filter_compile(int *ret_fd, struct error *err) MUST_CHECK;
