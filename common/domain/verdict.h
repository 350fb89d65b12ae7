/* A verdict on code: what the policy found, and what could deceive whoever reads the code. */
#pragma once

#include "common/base/json.h"

/* Puts more findings, each with rule, level, line and column, among those of a verdict, in the
 * order of the code; its level becomes the highest of all. */
void verdict_add_findings(json_t *verdict, const json_t *findings);
