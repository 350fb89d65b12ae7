#include "api/http/cookie.h"

#include <string.h>

/* Whether the pair from `at` has that name; then where its value is. */
static bool is_named(const char *at, size_t len, const char *name, const char **ret_value)
{
    size_t name_len = strlen(name);
    if (len <= name_len || memcmp(at, name, name_len) != 0 || at[name_len] != '=')
        return false;
    *ret_value = at + name_len + 1;
    return true;
}

bool cookie_read(const char *header, const char *name, char *ret_value, size_t size,
                 struct error *err)
{
    ret_value[0] = '\0';
    bool found = false;
    for (const char *at = header; at && *at; at += strspn(at, "; \t")) {
        size_t len = strcspn(at, ";");
        const char *value;
        if (is_named(at, len, name, &value)) {
            size_t value_len = (size_t)(at + len - value);
            while (value_len > 0 && strchr(" \t", value[value_len - 1]))
                value_len--;
            if (found)
                return fail(err, ERR_BAD_REQUEST, "the cookie %s is there twice", name);
            if (value_len >= size)
                return fail(err, ERR_BAD_REQUEST, "the cookie %s is too long", name);
            memcpy(ret_value, value, value_len);
            ret_value[value_len] = '\0';
            found = true;
        }
        at += len;
    }
    return true;
}
