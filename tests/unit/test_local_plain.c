/* The tests of test_local.c once more, started as a plain user. */
#define PLAIN_USER
#include "tests/unit/test_local.c" // NOLINT(bugprone-suspicious-include)
