#include "common/base/guard.h"

#include <sys/prctl.h>
#include <sys/resource.h>

/* The limit holds for files. A pattern that pipes core files to a program is not bound by it, so
 * the process is also marked; then others of its user can not read its memory either. What looks
 * for leaks has to. */
void guard_memory(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
