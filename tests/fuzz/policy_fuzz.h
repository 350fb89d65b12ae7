/* What both harnesses of the policy engine claim of any verdict. */
#pragma once

#include "tests/fuzz/fuzz.h"

/* Judges the input twice; dies when the verdicts differ, or when one is not whole. */
void policy_fuzz(const char *language, struct bytes code);
