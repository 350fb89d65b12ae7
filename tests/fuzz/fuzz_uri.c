/* The request target: its path and query, and the route that it finds. Input: a target. */
#include <inttypes.h>

#include "api/http/router.h"
#include "api/http/uri.h"
#include "tests/fuzz/fuzz.h"

static bool is_safe_path(const char *path)
{
    if (path[0] != '/' || !fuzz_is_utf8(bytes_of(path)) || strstr(path, "//"))
        return false;
    for (const char *at = path; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f || *at == '\\')
            return false;
    for (const char *at = path; at; at = strchr(at + 1, '/')) {
        size_t len = strcspn(at + 1, "/");
        if (len > 0 && len <= 2 && strspn(at + 1, ".") >= len)
            return false;
    }
    return true;
}

static void add_escaped(struct buffer *out, const char *text, const char *plain)
{
    for (; *text; text++)
        if (strchr(plain, *text))
            buffer_add(out, text, 1);
        else
            buffer_printf(out, "%%%02x", (unsigned char)*text);
}

/* Written anew with as many escapes as may be, it means the same. */
static void check_round_trip(const struct uri *uri)
{
    AUTO(buffer) struct buffer raw = {0};
    AUTO(uri) struct uri again = {0};
    struct error err = {0};
    add_escaped(&raw, uri->path, "/.");
    for (size_t i = 0; i < uri->query_count; i++) {
        buffer_add_text(&raw, i ? "&" : "?");
        add_escaped(&raw, uri->query[i].name, "");
        buffer_add_text(&raw, "=");
        add_escaped(&raw, uri->query[i].value, "");
    }
    CLAIM(uri_parse(raw.data, &again, &err));
    CLAIM(strcmp(again.path, uri->path) == 0 && again.query_count == uri->query_count);
    for (size_t i = 0; i < uri->query_count; i++) {
        const char *value = uri_query_text(&again, uri->query[i].name);
        CLAIM(value && strcmp(value, uri->query[i].value) == 0);
    }
}

static void check_numbers(const struct uri *uri)
{
    const int64_t bounds[2] = {1, 100};
    for (size_t i = 0; i < uri->query_count; i++) {
        struct error err = {0};
        int64_t number = -7;
        bool fine = uri_query_integer(uri, uri->query[i].name, bounds, &number, &err);
        CLAIM(fine ? number >= 1 && number <= 100 : number == -7);
        CLAIM(fine || err.code == ERR_INVALID_FIELD);
    }
}

/* A path that was found is its pattern with the numbers put in. */
static void check_pattern(const struct route *route, const char *path, const int64_t *ids)
{
    AUTO(buffer) struct buffer out = {0};
    buffer_add_text(&out, "");
    for (const char *at = route->path; *at; at++) {
        if (*at == '{') {
            CLAIM(*ids > 0);
            buffer_printf(&out, "%" PRId64, *ids++);
            at += 3;
        } else if (*at == '*') {
            CLAIM(strlen(path) > out.len && memcmp(path, out.data, out.len) == 0);
            return;
        } else {
            buffer_add(&out, at, 1);
        }
    }
    CLAIM(strcmp(out.data, path) == 0);
}

/* The first method and one more: all of them would take most of the time. */
static void check_routes(const char *path)
{
    int more = 1 + (int)(strlen(path) % (METHOD_COUNT - 1));
    for (int method = 0; method < METHOD_COUNT; method += method ? METHOD_COUNT : more) {
        const struct route *route = NULL;
        int64_t ids[ROUTE_IDS_MAX] = {0};
        struct error err = {0};
        AUTO(buffer) struct buffer allowed = {0};
        buffer_add_text(&allowed, "");
        router_allow(path, &allowed);
        bool found = router_find((enum method)method, path, &route, ids, &err);
        CLAIM(found == (strstr(allowed.data, method_names[method]) != NULL));
        CLAIM(found || err.code == (allowed.len ? ERR_METHOD : ERR_NOT_FOUND));
        if (found)
            check_pattern(route, path, ids);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text) char *raw = fuzz_text((struct bytes){data, size});
    AUTO(uri) struct uri uri = {0};
    struct error err = {0};
    if (!uri_parse(raw, &uri, &err)) {
        CLAIM(err.code == ERR_BAD_REQUEST && err.text[0] && !uri.memory && !uri.path);
        return 0;
    }
    CLAIM(is_safe_path(uri.path) && uri.query_count <= URI_QUERY_MAX);
    check_round_trip(&uri);
    check_numbers(&uri);
    check_routes(uri.path);
    return 0;
}
