/* The probe that must answer as expected before any job runs here, and again from time to time. */
#pragma once

#include "common/base/crypto.h"
#include "worker/sandbox/local/launcher.h"

/* Starts a sandbox like any other, looks at it from outside and asks from
 * inside. False with the first unexpected answer in `ret_why_not`. `ret_image`: digest
 * in hex of the interpreter and the names and versions of its packages. */
bool preflight(struct launcher *launcher, char ret_image[SHA256_HEX], char ret_why_not[160]);
