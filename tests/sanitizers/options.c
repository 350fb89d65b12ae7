/* How a sanitized program behaves where no setting says otherwise. */
#include <stdlib.h>
#include <sys/prctl.h>

/* Asked by the sanitizers' own runtime, which declares none of these. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__tsan_default_options(void);

/* A process that changed its user may not be traced, not even by itself, and to look for leaks is
 * to trace. Registered after the runtime's own exit handler, this runs before it. */
static void allow_leak_check(void)
{
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

__attribute__((constructor)) static void begin(void)
{
    (void)atexit(allow_leak_check);
}

const char *__asan_default_options(void)
{
    return "detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:"
           "check_initialization_order=1:exitcode=99";
}

const char *__ubsan_default_options(void)
{
    return "print_stacktrace=1";
}

const char *__tsan_default_options(void)
{
    return "second_deadlock_stack=1:history_size=4:exitcode=99";
}
