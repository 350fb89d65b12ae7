#include "api/requests/idempotency.h"

#include <string.h>

#define FIELD "Idempotency-Key"

/* A structured-field string: printable ASCII in quotes, with \" and \\ escaped. */
static bool read_quoted(const char *at, char *ret_key, size_t *ret_len, struct error *err)
{
    size_t len = 0;
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        else if (*at == '\\')
            return fail_field(err, ERR_BAD_REQUEST, FIELD, "only \\\" and \\\\ are escapes");
        if (len == IDEMPOTENCY_KEY_SIZE - 1)
            return fail_field(err, ERR_BAD_REQUEST, FIELD, "the key is longer than 255 bytes");
        ret_key[len++] = *at;
    }
    if (*at != '"' || at[1])
        return fail_field(err, ERR_BAD_REQUEST, FIELD, "the key's quotes do not match");
    *ret_len = len;
    return true;
}

bool idempotency_key_read(const char *header, char ret_key[IDEMPOTENCY_KEY_SIZE], struct error *err)
{
    size_t len = strlen(header);
    for (const char *at = header; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
            return fail_field(err, ERR_BAD_REQUEST, FIELD, "the key must be printable ASCII");
    if (header[0] == '"') {
        if (!read_quoted(header, ret_key, &len, err))
            return false;
    } else {
        if (strpbrk(header, " \",;"))
            return fail_field(err, ERR_BAD_REQUEST, FIELD, "a key with these letters needs quotes");
        if (len >= IDEMPOTENCY_KEY_SIZE)
            return fail_field(err, ERR_BAD_REQUEST, FIELD, "the key is longer than 255 bytes");
        memcpy(ret_key, header, len);
    }
    if (len == 0)
        return fail_field(err, ERR_BAD_REQUEST, FIELD, "the key is empty");
    ret_key[len] = '\0';
    return true;
}
