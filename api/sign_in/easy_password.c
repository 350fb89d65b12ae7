#include "api/sign_in/easy_password.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/bytes.h"
#include "common/base/crypto.h"

#define WORD_MIN 3
#define BLANKS " ,"
#define BETWEEN_PARTS BLANKS ";.:/@_+-'\"()"

/* Ours are those of anybody's instance: docs/access.md lists them, too. */
static const char own_words[] =
    "countersign analyst reviewer approver approval approve operator agent admin review queue";

static int by_text(const void *password, const void *listed)
{
    return strcasecmp(password, *(const char *const *)listed);
}

static bool is_common(const char *password)
{
    return bsearch(password, common_passwords, common_password_count, sizeof *common_passwords,
                   by_text);
}

/* The letter that a sign stands for: P@ssw0rd. */
static int fold(char character)
{
    static const char drawn[] = "01l!|34@5$7", meant[] = "oiiiieaasst";
    int small = tolower((unsigned char)character);
    const char *found = small ? strchr(drawn, small) : NULL;
    return found ? meant[found - drawn] : small;
}

static bool begins_with(const char *text, const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (fold(text[i]) != fold(word[i]))
            return false;
    return true;
}

/* How much of the text's beginning is one of the words: the longest, 0 for none. */
static size_t word_at(const char *text, const char *words, const char *between)
{
    size_t longest = 0;
    while (*words) {
        words += strspn(words, between);
        size_t len = strcspn(words, between);
        if (len >= WORD_MIN && len > longest && begins_with(text, words, len))
            longest = len;
        words += len;
    }
    return longest;
}

static size_t longest_at(const char *text, const char *words)
{
    size_t all[] = {word_at(text, own_words, BLANKS), word_at(text, words, BLANKS),
                    word_at(text, words, BETWEEN_PARTS)};
    size_t longest = all[0] > all[1] ? all[0] : all[1];
    return longest > all[2] ? longest : all[2];
}

bool password_is_easy(const char *password, const char *words)
{
    AUTO(text) char *rest = memory_text(password);
    char *end = rest;
    for (const char *at = password; *at;) {
        size_t len = longest_at(at, words);
        if (len == 0)
            *end++ = *at++;
        at += len;
    }
    *end = '\0';
    bool has_word = strlen(rest) < strlen(password);
    return is_common(password) || (has_word && (strlen(rest) < PASSWORD_MIN || is_common(rest)));
}
