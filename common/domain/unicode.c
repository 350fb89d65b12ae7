#include "common/domain/unicode.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>

#include "common/base/utf8.h"

#define FEW_UNITS 40 /* of UTF-16: no character turns into more */
#define NAME_UNITS 1024
#define SKELETON_UNITS 8192

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

/* What is left of a name for the eye: neither blanks, which pages draw as one or none, nor what
 * only joins or steers. */
static int32_t seen_of(const char *name, UChar ret_text[NAME_UNITS])
{
    const unsigned char *at = (const unsigned char *)name, *end = at + strlen(name);
    int32_t len = 0;
    while (at < end && len + 2 <= NAME_UNITS) {
        int32_t character = utf8_next(&at, end);
        if (!u_isUWhiteSpace(character) &&
            !u_hasBinaryProperty(character, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
            U16_APPEND_UNSAFE(ret_text, len, character);
    }
    return len;
}

struct skeleton {
    UChar text[SKELETON_UNITS];
    int32_t len;
};

static bool skeleton_put(const UChar *text, int32_t len, struct skeleton *ret_skeleton)
{
    UErrorCode why = U_ZERO_ERROR;
    ret_skeleton->len =
        uspoof_getSkeleton(tables.spoof, 0, text, len, ret_skeleton->text, SKELETON_UNITS, &why);
    return U_SUCCESS(why);
}

/* Capitals are made small before and after: a Cyrillic one turns into a Latin capital, I alone into
 * a small l. */
static bool skeleton_of(const char *name, bool any_case, struct skeleton *ret_skeleton)
{
    UErrorCode why = U_ZERO_ERROR;
    UChar text[NAME_UNITS], folded[SKELETON_UNITS];
    int32_t len = seen_of(name, text);
    for (int32_t i = 0; any_case && i < len; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (UChar)(text[i] - 'A' + 'a');
    bool good = skeleton_put(text, len, ret_skeleton);
    if (!good || !any_case)
        return good;
    len = u_strFoldCase(folded, SKELETON_UNITS, ret_skeleton->text, ret_skeleton->len, 0, &why);
    return U_SUCCESS(why) && skeleton_put(folded, len, ret_skeleton);
}

static bool matches(const char *one, const char *other, bool any_case)
{
    struct skeleton a, b;
    return skeleton_of(one, any_case, &a) && skeleton_of(other, any_case, &b) && a.len == b.len &&
           u_memcmp(a.text, b.text, a.len) == 0;
}

bool unicode_looks_same(const char *one, const char *other)
{
    need_tables();
    return matches(one, other, false) || matches(one, other, true);
}
