#include "tests/bench/instant_call.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const header_names[CALL_HEADERS] = {
    [CALL_AUTHORIZATION] = "authorization",
    [CALL_KEY] = "x-api-key",
    [CALL_ACCESS_TOKEN] = "x-access-token",
    [CALL_TRAFFIC_TOKEN] = "e2b-traffic-access-token",
    [CALL_SANDBOX_ID] = "e2b-sandbox-id",
    [CALL_SANDBOX_PORT] = "e2b-sandbox-port",
    [CALL_SDK_VERSION] = "x-daytona-sdk-version",
    [CALL_CONTENT_TYPE] = "content-type",
    [CALL_CONTENT_LENGTH] = "content-length",
    [CALL_TRANSFER_ENCODING] = "transfer-encoding",
    [CALL_CONNECTION] = "connection",
    [CALL_EXPECT] = "expect",
};

/* "GET /path?query HTTP/1.1" */
static bool split_first(char *line, struct call *call)
{
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || target[1] != '/' || strcmp(version, " HTTP/1.1") != 0)
        return false;
    *target++ = '\0';
    *version = '\0';
    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    call->method = line;
    call->path = target;
    call->query = query ? query : "";
    return true;
}

static bool split_header(char *line, struct call *call)
{
    char *colon = strchr(line, ':');
    if (!colon || colon == line)
        return false;
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        value[--len] = '\0';
    for (size_t i = 0; i < CALL_HEADERS; i++) {
        if (strcasecmp(line, header_names[i]) != 0)
            continue;
        if (call->headers[i]) /* twice: which one counts? */
            return false;
        call->headers[i] = value;
    }
    return true;
}

static bool read_framing(struct call *call)
{
    const char *length = call->headers[CALL_CONTENT_LENGTH];
    const char *encoding = call->headers[CALL_TRANSFER_ENCODING];
    const char *connection = call->headers[CALL_CONNECTION];
    call->closes = connection && strcasecmp(connection, "close") == 0;
    call->chunked = encoding != NULL;
    if (encoding && (length || strcasecmp(encoding, "chunked") != 0))
        return false;
    if (!length)
        return true;
    size_t digits = strspn(length, "0123456789");
    if (digits == 0 || digits > 12 || length[digits] != '\0')
        return false;
    call->length = strtoul(length, NULL, 10);
    return true;
}

bool call_parse(char *head, size_t len, struct call *ret_call)
{
    struct call call = {.query = ""};
    if (len < 4 || strlen(head) != len)
        return false;
    char *line = head;
    for (char *end; (end = strstr(line, "\r\n")) && end != line; line = end + 2) {
        *end = '\0';
        if (!(line == head ? split_first(line, &call) : split_header(line, &call)))
            return false;
    }
    if (!call.method || !read_framing(&call))
        return false;
    *ret_call = call;
    return true;
}

bool call_is(const struct call *call, const char *method, const char *path)
{
    return strcmp(call->method, method) == 0 && strcmp(call->path, path) == 0;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool call_decode(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        int byte = *at == '+' ? ' ' : (unsigned char)*at;
        if (*at == '%') {
            int high = digit_of(at[1]);
            int low = high < 0 ? -1 : digit_of(at[2]);
            byte = high * 16 + low;
            if (low < 0 || byte == 0)
                return false;
            at += 2;
        }
        *to++ = (char)byte;
    }
    *to = '\0';
    return true;
}

char *call_query(const struct call *call, const char *name, const char **io_at)
{
    size_t len = strlen(name);
    const char *at = io_at && *io_at ? *io_at : call->query;
    while (*at) {
        size_t size = strcspn(at, "&");
        const char *next = at + size + (at[size] == '&');
        if (size > len && strncmp(at, name, len) == 0 && at[len] == '=') {
            char *value = strndup(at + len + 1, size - len - 1);
            if (io_at)
                *io_at = next;
            if (value && call_decode(value))
                return value;
            free(value);
            return NULL;
        }
        at = next;
    }
    return NULL;
}

int64_t call_query_number(const struct call *call, const char *name, int64_t otherwise,
                          int64_t most)
{
    AUTO(text) char *text = call_query(call, name, NULL);
    if (!text)
        return otherwise;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits] != '\0')
        return -1;
    long long value = strtoll(text, NULL, 10);
    return value <= most ? value : -1;
}
