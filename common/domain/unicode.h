/* What Unicode's tables say about one character: kind, script, what it reads or looks like. */
#pragma once

#include "common/base/bytes.h"

#include <stdint.h>

enum unicode_kind {
    UNICODE_OTHER,
    UNICODE_LETTER,
    UNICODE_MARK,    /* joins the character before it */
    UNICODE_DIGIT,   /* and the low line: parts of words that are no letters */
    UNICODE_SIGN,    /* punctuation and symbols */
    UNICODE_SPACE,   /* other than U+0020 */
    UNICODE_UNKNOWN, /* not assigned in this version of Unicode */
};

enum unicode_kind unicode_kind(int32_t character);

bool unicode_is_latin(int32_t character);
/* Belongs to no script: signs that every language uses. */
bool unicode_is_common(int32_t character);
/* Of ordinary words: not a phonetic, historic or technical sign. */
bool unicode_is_recommended(int32_t character);
/* Full-width, bold, cursive: a letter of another drawn in a certain way. */
bool unicode_is_form(int32_t character);
bool unicode_is_full_width(int32_t character);
bool unicode_is_right_to_left(int32_t character);
/* A picture that may take a variation selector or a joiner; never ASCII. */
bool unicode_is_emoji(int32_t character);

/* The ASCII character that this one is turned into by compilers and the like (NFKC), or that
 * it can be taken for by readers; 0 when there is none. */
char unicode_reads_as(int32_t character);
char unicode_looks_like(int32_t character);

/* Whether Unicode has one letter for the two (NFC). */
bool unicode_composes(int32_t letter, int32_t mark);

/* Whether people would take one name for the other: letters of other scripts that look the same,
 * capitals and blanks do not tell them apart. Both valid UTF-8, of at most 200 characters. */
bool unicode_looks_same(const char *one, const char *other);
