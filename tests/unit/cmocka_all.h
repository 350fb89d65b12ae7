/* cmocka with the headers it needs, in the order it needs them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* Our own fail() fills a struct error; tests use fail_msg(). */
#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

/* Said here, since a test of settings may empty the environment on the way. ONLY_TEST names one
 * test of the file. */
__attribute__((constructor)) static inline void speak_tap(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    cmocka_set_test_filter(getenv("ONLY_TEST"));
}
