/* The Python programs that are part of the worker's own binary. */
#pragma once

#include "common/base/bytes.h"

#define PROGRAM_PARTS 4

/* Of the bootstrap: bootstrap.py, show.py, sql.py (bubblewrap's list), remote.py. */
struct bytes program_part(int number);
struct bytes program_probe(void); /* what preflight sends as if it were a job */
