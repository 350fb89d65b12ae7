#include "common/domain/unicode.h"

#include <assert.h>
#include <pthread.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>

#define FEW_UNITS 40 /* of UTF-16: no character turns into more */

static struct {
    const UNormalizer2 *composed, *compatible;
    USpoofChecker *spoof;
    const USet *recommended;
} tables;

/* The tables are part of the library: they are there, or the library is not whole. */
static void open_tables(void)
{
    UErrorCode why = U_ZERO_ERROR;
    tables.composed = unorm2_getNFCInstance(&why);
    tables.compatible = unorm2_getNFKCInstance(&why);
    tables.spoof = uspoof_open(&why);
    tables.recommended = uspoof_getRecommendedSet(&why);
    assert(U_SUCCESS(why));
}

static void need_tables(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_tables);
}

static const struct {
    uint32_t categories;
    enum unicode_kind kind;
} kinds[] = {
    {U_GC_L_MASK, UNICODE_LETTER},
    {U_GC_M_MASK, UNICODE_MARK},
    {U_GC_N_MASK | U_GC_PC_MASK, UNICODE_DIGIT},
    {U_GC_P_MASK | U_GC_S_MASK, UNICODE_SIGN},
    {U_GC_ZS_MASK, UNICODE_SPACE},
    {U_GC_CN_MASK, UNICODE_UNKNOWN},
};

enum unicode_kind unicode_kind(int32_t character)
{
    uint32_t category = U_GET_GC_MASK(character);
    if (character == ' ')
        return UNICODE_OTHER;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].categories & category)
            return kinds[i].kind;
    return UNICODE_OTHER;
}

static UScriptCode script_of(int32_t character)
{
    UErrorCode why = U_ZERO_ERROR;
    return uscript_getScript(character, &why);
}

bool unicode_is_latin(int32_t character)
{
    return script_of(character) == USCRIPT_LATIN;
}

bool unicode_is_common(int32_t character)
{
    return script_of(character) == USCRIPT_COMMON;
}

bool unicode_is_recommended(int32_t character)
{
    need_tables();
    return uset_contains(tables.recommended, character);
}

bool unicode_is_form(int32_t character)
{
    int32_t type = u_getIntPropertyValue(character, UCHAR_DECOMPOSITION_TYPE);
    return type == U_DT_FONT || type == U_DT_WIDE;
}

bool unicode_is_full_width(int32_t character)
{
    return u_getIntPropertyValue(character, UCHAR_DECOMPOSITION_TYPE) == U_DT_WIDE;
}

bool unicode_is_right_to_left(int32_t character)
{
    UCharDirection direction = u_charDirection(character);
    return direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC;
}

bool unicode_is_emoji(int32_t character)
{
    return character > 0x7f && u_hasBinaryProperty(character, UCHAR_EMOJI);
}

/* The one printable ASCII character that a text of `len` units is, or 0. */
static char only_ascii(const UChar *text, int32_t len, UErrorCode why)
{
    return U_SUCCESS(why) && len == 1 && *text > ' ' && *text < 0x7f ? (char)*text : 0;
}

static int32_t to_units(int32_t character, UChar ret_text[2])
{
    int32_t len = 0;
    U16_APPEND_UNSAFE(ret_text, len, character);
    return len;
}

char unicode_reads_as(int32_t character)
{
    UErrorCode why = U_ZERO_ERROR;
    UChar text[2], form[FEW_UNITS];
    int32_t len = to_units(character, text);
    need_tables();
    len = unorm2_normalize(tables.compatible, text, len, form, FEW_UNITS, &why);
    return only_ascii(form, len, why);
}

char unicode_looks_like(int32_t character)
{
    UErrorCode why = U_ZERO_ERROR;
    UChar text[2], skeleton[FEW_UNITS];
    int32_t len = to_units(character, text);
    need_tables();
    len = uspoof_getSkeleton(tables.spoof, 0, text, len, skeleton, FEW_UNITS, &why);
    return only_ascii(skeleton, len, why);
}

bool unicode_composes(int32_t letter, int32_t mark)
{
    need_tables();
    return unorm2_composePair(tables.composed, letter, mark) >= 0;
}
