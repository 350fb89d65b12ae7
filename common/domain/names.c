#include "common/domain/names.h"

#include <string.h>
#include <strings.h>

#include "common/base/utf8.h"
#include "common/domain/code.h"
#include "common/domain/unicode.h"

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += (*text & 0xc0) != 0x80; /* not inside of one */
    return count;
}

/* Whether there is more to it than blanks and what can not be seen. */
static bool can_be_seen(const char *text)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
    while (at < end) {
        int32_t character = utf8_next(&at, end);
        bool blank = character == ' ' || character == 0xa0 || character == 0x3000;
        if (!blank && !code_refuses(character))
            return true;
    }
    return false;
}

bool name_check(const char *name, struct error *err)
{
    if (count_characters(name) > NAME_MAX_CHARS)
        return fail_field(err, ERR_INVALID_FIELD, "name", "name has at most %d characters",
                          NAME_MAX_CHARS);
    return text_check(bytes_of(name), TEXT_LINE, "name", err) &&
           (can_be_seen(name) ||
            fail_field(err, ERR_INVALID_FIELD, "name", "name has nothing that can be seen"));
}

/* Two people may have one name, for they have two logins. But none gets a name that only looks like
 * that of somebody else: what is shown of an author or a reviewer is the name. */
const json_t *name_alike(const char *name, const json_t *list, int64_t own_id)
{
    size_t n;
    const json_t *one;
    json_array_foreach (list, n, one) {
        const char *other = json_text_of(one, "name");
        if (json_integer_of(one, "id", 0) != own_id && other && strcasecmp(name, other) != 0 &&
            unicode_looks_same(name, other))
            return one;
    }
    return NULL;
}

/* An admin may mean it when two people get one name. Who names themselves may mean to be taken for
 * the other. */
bool name_is_taken(const char *name, const json_t *list)
{
    size_t n;
    const json_t *one;
    json_array_foreach (list, n, one) {
        const char *other = json_text_of(one, "name");
        if (other && (strcasecmp(name, other) == 0 || unicode_looks_same(name, other)))
            return true;
    }
    return false;
}

bool name_is_apart(const char *name, const json_t *list, int64_t own_id, struct error *err)
{
    const json_t *other = name_alike(name, list, own_id);
    const char *login = json_text_of(other, "login");
    if (!other)
        return true;
    return fail_field(err, ERR_CONFLICT, "name", "this looks like the name of %s",
                      login ? login : json_text_of(other, "name"));
}
