#include "api/http/uri.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Length of the valid sequence that starts at p, or 0. */
static size_t utf8_step(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || left < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong || outside ? 0 : len;
}

bool utf8_is_valid(struct bytes text)
{
    const unsigned char *p = text.data;
    for (size_t at = 0; at < text.len;) {
        size_t step = utf8_step(p + at, text.len - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that %hh stands for, or -1. */
static int escaped_byte(const char *at)
{
    int high = hex_value(at[1]);
    int low = high < 0 ? -1 : hex_value(at[2]);
    return low < 0 ? -1 : high * 16 + low;
}

/* Every byte of a target must be printable ASCII; the rest belongs escaped. */
static bool bytes_are_plain(const char *raw, struct error *err)
{
    for (const char *p = raw; *p; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f || *p == '#' || *p == '\\')
            return fail(err, ERR_BAD_REQUEST, "the request target has a byte 0x%02x",
                        (unsigned char)*p);
    return true;
}

/* Decodes from..end to *io_out and ends it with a NUL. In a path the escapes
 * of '.', '/' and '\' are refused: they could hide a segment from a proxy. */
static bool decode(const char *from, const char *end, bool is_path, char **io_out,
                   struct error *err)
{
    char *start = *io_out;
    for (; from < end; from++) {
        if (*from != '%') {
            *(*io_out)++ = (char)(!is_path && *from == '+' ? ' ' : *from);
            continue;
        }
        int byte = end - from < 3 ? -1 : escaped_byte(from);
        if (byte < 0)
            return fail(err, ERR_BAD_REQUEST, "a %% in the target is not followed by two digits");
        if (byte == 0 || (is_path && (byte < 0x20 || byte == 0x7f || strchr("./\\", byte))))
            return fail(err, ERR_BAD_REQUEST, "%%%02x is not accepted in the target", byte);
        *(*io_out)++ = (char)byte;
        from += 2;
    }
    *(*io_out)++ = '\0';
    if (!utf8_is_valid(bytes_of(start)))
        return fail(err, ERR_BAD_REQUEST, "the target is not UTF-8");
    return true;
}

static bool segments_are_plain(const char *path, struct error *err)
{
    for (const char *p = path; (p = strchr(p, '/')); p++) {
        size_t len = strcspn(p + 1, "/");
        bool last = p[1 + len] == '\0';
        if (len == 0 && !last)
            return fail(err, ERR_BAD_REQUEST, "the path has an empty segment");
        if ((len == 1 && p[1] == '.') || (len == 2 && p[1] == '.' && p[2] == '.'))
            return fail(err, ERR_BAD_REQUEST, "the path has a dot segment");
    }
    return true;
}

static bool parse_pair(const char *from, const char *end, char **io_out, struct uri *uri,
                       struct error *err)
{
    const char *equals = memchr(from, '=', (size_t)(end - from));
    if (uri->query_count == URI_QUERY_MAX)
        return fail(err, ERR_BAD_REQUEST, "more than %d query parameters", URI_QUERY_MAX);
    struct uri_query *pair = &uri->query[uri->query_count];
    pair->name = *io_out;
    if (!decode(from, equals ? equals : end, false, io_out, err))
        return false;
    pair->value = *io_out;
    if (!decode(equals ? equals + 1 : end, end, false, io_out, err))
        return false;
    if (!*pair->name)
        return fail(err, ERR_BAD_REQUEST, "a query parameter has no name");
    if (uri_query_text(uri, pair->name))
        return fail_field(err, ERR_BAD_REQUEST, pair->name, "%.60s is given twice", pair->name);
    uri->query_count++;
    return true;
}

static bool parse_query(const char *query, char **io_out, struct uri *uri, struct error *err)
{
    while (*query) {
        const char *end = query + strcspn(query, "&");
        if (end > query && !parse_pair(query, end, io_out, uri, err))
            return false;
        query = *end ? end + 1 : end;
    }
    return true;
}

bool uri_parse(const char *raw, struct uri *ret_uri, struct error *err)
{
    AUTO(uri) struct uri uri = {0};
    if (raw[0] != '/')
        return fail(err, ERR_BAD_REQUEST, "the request target must start with /");
    if (!bytes_are_plain(raw, err))
        return false;
    size_t path_len = strcspn(raw, "?");
    /* Decoding shrinks; each pair needs two NULs, the path one. */
    uri.memory = memory_new(strlen(raw) + 2 * URI_QUERY_MAX + 2, 1);
    char *out = uri.memory;
    uri.path = out;
    if (!decode(raw, raw + path_len, true, &out, err) || !segments_are_plain(uri.path, err))
        return false;
    if (raw[path_len] && !parse_query(raw + path_len + 1, &out, &uri, err))
        return false;
    *ret_uri = uri;
    uri.memory = NULL;
    return true;
}

void uri_auto(struct uri *uri)
{
    free(uri->memory);
    uri->memory = NULL;
}

const char *uri_query_text(const struct uri *uri, const char *name)
{
    for (size_t i = 0; i < uri->query_count; i++)
        if (strcmp(uri->query[i].name, name) == 0)
            return uri->query[i].value;
    return NULL;
}

static bool is_listed(const char *names, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = names; p && *p; p += strspn(p, " ")) {
        size_t word = strcspn(p, " ");
        if (word == len && memcmp(p, name, len) == 0)
            return true;
        p += word;
    }
    return false;
}

bool uri_check_query(const struct uri *uri, const char *names, struct error *err)
{
    if (names && strcmp(names, "*") == 0)
        return true;
    for (size_t i = 0; i < uri->query_count; i++)
        if (!is_listed(names, uri->query[i].name))
            return fail_field(err, ERR_UNKNOWN_FIELD, uri->query[i].name,
                              "%.60s is not a parameter here", uri->query[i].name);
    return true;
}

bool uri_query_integer(const struct uri *uri, const char *name, const int64_t bounds[2],
                       int64_t *io_number, struct error *err)
{
    const char *text = uri_query_text(uri, name);
    if (!text)
        return true;
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool plain = *text && text[strspn(text, "0123456789")] == '\0';
    if (!plain || errno || number < bounds[0] || number > bounds[1])
        return fail_field(err, ERR_INVALID_FIELD, name,
                          "%s must be a whole number from %" PRId64 " to %" PRId64, name, bounds[0],
                          bounds[1]);
    *io_number = number;
    return true;
}
