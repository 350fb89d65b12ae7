/* The Python programs that are part of the worker's own binary. */
#pragma once

#include "common/base/bytes.h"

/* Of the bootstrap, in the order of bubblewrap's list: bootstrap.py, show.py, sql.py. */
struct bytes program_part(int number);
struct bytes program_probe(void); /* what preflight sends as if it were a job */
