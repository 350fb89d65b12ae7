/* Recovery codes: each stands in once for the app of a second factor. */
#pragma once

#include "common/base/crypto.h"

#define RECOVERY_TEXT 30 /* six groups of four letters of base32 with hyphens between, NUL */

/* 120 random bits: more than can be guessed from a digest without salt (ASVS 6.5.2 asks for 112).
 */
void recovery_code_new(char ret_text[RECOVERY_TEXT]);

/* SHA-256 in hex of what counts in it: neither hyphens, blanks nor whether letters are small. */
void recovery_code_digest(const char *code, char ret_hex[SHA256_HEX]);
