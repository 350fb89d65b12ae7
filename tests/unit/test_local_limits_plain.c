/* The tests of test_local_limits.c once more, started as a plain user. */
#define PLAIN_USER
#include "tests/unit/test_local_limits.c" // NOLINT(bugprone-suspicious-include)
