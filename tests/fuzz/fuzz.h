/* What every fuzz harness needs: the input as a row of choices, and texts that end where they
 * end, so that one byte read too far is seen. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"

/* Holds for any input, or something was found. Never left out, as an assert can be. */
#define CLAIM(condition) ((condition) ? (void)0 : fuzz_found(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_found(const char *file, int line, const char *claim);

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left of the input. */
struct fuzz {
    const uint8_t *at, *end;
};

uint8_t fuzz_byte(struct fuzz *fuzz); /* 0 when nothing is left */
/* Mostly small ones and those where something overflows. */
int64_t fuzz_integer(struct fuzz *fuzz);
/* The next line without its end; borrowed from the input. */
struct bytes fuzz_line(struct fuzz *fuzz);
struct bytes fuzz_rest(struct fuzz *fuzz);
/* A first byte that says how many follow, at most `most`. */
struct bytes fuzz_some(struct fuzz *fuzz, size_t most);

/* A copy up to the first NUL, in memory of just that size. Caller frees. */
char *fuzz_text(struct bytes bytes);
/* A copy in memory of just that size, one byte when empty. Caller frees. */
char *fuzz_copy(struct bytes bytes);

/* How a stream is cut into pieces: lengths from 1 to 64; *io_cut is not 0 afterwards. */
size_t fuzz_piece(uint8_t *io_cut, size_t left);

/* The length of the character at `at`, 0 when there is none: a second opinion on UTF-8. */
size_t fuzz_character(const uint8_t *at, size_t left);
bool fuzz_is_utf8(struct bytes text);
