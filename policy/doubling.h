/* Regular expressions that may never end. */
#pragma once

#include "common/base/bytes.h"

/* Whether each more letter of a text may double the ways to read it: (a+)+, (?:.*)*, ([a-z]+)*. */
bool expression_doubles(const char *pattern);
