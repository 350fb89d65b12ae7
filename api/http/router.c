#include "api/http/router.h"

#include <string.h>

#define ID_DIGITS_MAX 18 /* still fits int64_t */

/* Reads a positive number without leading zeros; moves *io_at behind it. */
static bool read_id(const char **io_at, int64_t *ret_id)
{
    const char *at = *io_at;
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || digits > ID_DIGITS_MAX || at[0] == '0')
        return false;
    int64_t id = 0;
    for (size_t i = 0; i < digits; i++)
        id = id * 10 + (at[i] - '0');
    *ret_id = id;
    *io_at = at + digits;
    return true;
}

static bool path_matches(const char *pattern, const char *path, int64_t ids[ROUTE_IDS_MAX])
{
    size_t count = 0;
    while (*pattern) {
        if (strcmp(pattern, "*") == 0)
            return *path != '\0';
        if (strcmp(pattern, "{scope}") == 0)
            return *path != '\0' && !strchr(path, '/');
        if (strncmp(pattern, "{id}", 4) == 0) {
            if (!read_id(&path, &ids[count++]))
                return false;
            pattern += 4;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* HEAD is GET without the body, where the answer has an end. */
static bool method_matches(const struct route *route, enum method method)
{
    return route->method == method || (route->method == METHOD_GET && method == METHOD_HEAD);
}

bool router_find(enum method method, const char *path, const struct route **ret_route,
                 int64_t ret_ids[ROUTE_IDS_MAX], struct error *err)
{
    bool path_is_known = false;
    for (size_t i = 0; i < route_count; i++) {
        int64_t ids[ROUTE_IDS_MAX] = {0};
        if (!path_matches(route_table[i].path, path, ids))
            continue;
        path_is_known = true;
        if (!method_matches(&route_table[i], method))
            continue;
        memcpy(ret_ids, ids, sizeof ids);
        *ret_route = &route_table[i];
        return true;
    }
    if (path_is_known)
        return fail(err, ERR_METHOD, "the path does not know this method");
    return fail(err, ERR_NOT_FOUND, "there is nothing here");
}

void router_allow(const char *path, struct buffer *out)
{
    for (int method = 0; method < METHOD_COUNT; method++) {
        bool known = false;
        for (size_t i = 0; i < route_count && !known; i++) {
            int64_t ids[ROUTE_IDS_MAX];
            known = method_matches(&route_table[i], (enum method)method) &&
                    path_matches(route_table[i].path, path, ids);
        }
        if (known)
            buffer_printf(out, "%s%s", out->len ? ", " : "", method_names[method]);
    }
}
