/* The policy engine on Python. Input: the code. */
#include "tests/fuzz/policy_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    policy_fuzz("python", (struct bytes){data, size});
    return 0;
}
