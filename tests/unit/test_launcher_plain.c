/* The tests of test_launcher.c once more, started as a plain user. */
#define PLAIN_USER
#include "tests/unit/test_launcher.c" // NOLINT(bugprone-suspicious-include)
