/* Findings of a verdict on code, in the one order in which they are kept, signed and shown. */
#pragma once

#include "common/base/json.h"

/* Whether each has the rule and level as text and its line and column as numbers. */
bool findings_are_whole(const json_t *findings);

/* The same findings by line, column and rule; whole ones only. New reference. */
json_t *findings_sorted(const json_t *findings);
