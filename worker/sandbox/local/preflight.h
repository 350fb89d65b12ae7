/* The probe that must answer as expected before any job runs here, and again from time to time. */
#pragma once

#include "worker/sandbox/local/launcher.h"

/* Starts a sandbox like any other, looks at it from outside and asks from
 * inside. False with the first unexpected answer in `ret_why_not`. */
bool preflight(struct launcher *launcher, char ret_why_not[160]);
