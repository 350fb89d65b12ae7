#include "policy/doubling.h"

#include <string.h>

#define DEPTH_MAX 8

/* Past a set of characters; NULL when nothing closes it. */
static const char *set_end(const char *at)
{
    at += at[1] == '^' ? 2 : 1;
    for (at += *at == ']'; *at && *at != ']'; at++)
        at += *at == '\\' && at[1];
    return *at ? at + 1 : NULL;
}

static bool repeats(char sign)
{
    return sign == '+' || sign == '*';
}

/* Past a group; NULL when nothing closes it. */
static const char *group_end(const char *at)
{
    size_t depth = 0;
    for (; *at; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        } else if (*at == '[') {
            const char *end = set_end(at);
            if (!end)
                return NULL;
            at = end - 1;
        } else if (*at == '(') {
            depth++;
        } else if (*at == ')' && --depth == 0) {
            return at + 1;
        }
    }
    return NULL;
}

/* Past "(", "(?:", "(?P<name>". */
static const char *inside(const char *at)
{
    at++;
    if (at[0] != '?')
        return at;
    const char *name = strpbrk(at, ":>)");
    return name && *name != ')' ? name + 1 : at;
}

/* Past one piece: a letter, a set, a group; NULL when it does not end within. */
static const char *piece_end(const char *at, const char *end)
{
    const char *after = at + 1;
    if (*at == '(')
        after = group_end(at);
    else if (*at == '[')
        after = set_end(at);
    else if (*at == '\\' && at[1])
        after = at + 2;
    return after && after <= end ? after : NULL;
}

/* Nothing but one piece that is repeated, once or several times: a+, [a-z]*, ([a-z])+, a+a+. */
static bool holds_repeated(const char *at, const char *end, int depth)
{
    const char *first = at, *after = at < end ? piece_end(at, end) : NULL;
    if (depth > DEPTH_MAX || !after)
        return false;
    if (*at == '(' && after == end)
        return holds_repeated(inside(at), end - 1, depth + 1);
    size_t len = (size_t)(after - at);
    while (at < end) {
        const char *sign = at + len;
        if (sign >= end || memcmp(at, first, len) != 0 || !repeats(*sign))
            return false;
        at = sign + 1 + (sign[1] == '?');
    }
    return at == end;
}

bool expression_doubles(const char *pattern)
{
    for (const char *at = pattern; *at; at++) {
        const char *end = *at == '(' ? group_end(at) : NULL;
        if (end && repeats(*end) && holds_repeated(inside(at), end - 1, 0))
            return true;
        if (*at == '[' && set_end(at))
            at = set_end(at) - 1;
        else if (*at == '\\' && at[1])
            at++;
    }
    return false;
}
