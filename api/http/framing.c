#include "api/http/framing.h"

#include <string.h>
#include <strings.h>

#define LENGTH_DIGITS_MAX 18 /* still fits int64_t */

const char *const method_names[METHOD_COUNT] = {"GET",   "HEAD",   "POST",   "PUT",
                                                "PATCH", "DELETE", "OPTIONS"};

size_t framing_header_count(const struct head *head, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < head->header_count; i++)
        count += strcasecmp(head->headers[i].name, name) == 0;
    return count;
}

const char *framing_header(const struct head *head, const char *name)
{
    for (size_t i = 0; i < head->header_count; i++)
        if (strcasecmp(head->headers[i].name, name) == 0)
            return head->headers[i].value;
    return NULL;
}

static bool is_token(const char *text)
{
    static const char letters[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *text && text[strspn(text, letters)] == '\0';
}

static bool check_method(const struct head *head, struct framing *framing, struct error *err)
{
    for (int i = 0; i < METHOD_COUNT; i++)
        if (strcmp(head->method, method_names[i]) == 0) {
            framing->method = (enum method)i;
            return true;
        }
    return fail(err, ERR_NOT_IMPLEMENTED, "the method is not known here");
}

static bool check_version(const struct head *head, struct error *err)
{
    if (strcmp(head->version, "HTTP/1.1") != 0 && strcmp(head->version, "HTTP/1.0") != 0)
        return fail(err, ERR_BAD_REQUEST, "HTTP/1.1 is spoken here");
    return true;
}

static bool check_bytes(const struct header *header, struct error *err)
{
    if (strlen(header->name) != header->name_len || !is_token(header->name))
        return fail(err, ERR_BAD_REQUEST, "a header has a malformed name");
    for (size_t i = 0; i < header->value_len; i++) {
        unsigned char c = (unsigned char)header->value[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return fail(err, ERR_BAD_REQUEST, "header %.40s has a control byte", header->name);
    }
    return true;
}

static bool check_host(const struct head *head, struct error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_:[]";
    size_t count = framing_header_count(head, "Host");
    const char *host = framing_header(head, "Host");
    if (count > 1)
        return fail(err, ERR_BAD_REQUEST, "more than one Host header");
    if (count == 0 && strcmp(head->version, "HTTP/1.0") == 0)
        return true;
    if (count == 0)
        return fail(err, ERR_BAD_REQUEST, "the Host header is missing");
    if (!*host || host[strspn(host, letters)] != '\0')
        return fail(err, ERR_BAD_REQUEST, "the Host header is malformed");
    return true;
}

static bool check_length(const struct head *head, struct framing *framing, struct error *err)
{
    const char *text = framing_header(head, "Content-Length");
    if (!text)
        return true;
    if (framing_header_count(head, "Content-Length") > 1)
        return fail(err, ERR_BAD_REQUEST, "more than one Content-Length header");
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != '\0')
        return fail(err, ERR_BAD_REQUEST, "Content-Length is not a number");
    if (digits > LENGTH_DIGITS_MAX)
        return fail(err, ERR_TOO_LARGE, "the body is too large");
    for (size_t i = 0; i < digits; i++)
        framing->content_length = framing->content_length * 10 + (text[i] - '0');
    return true;
}

static bool check_coding(const struct head *head, struct framing *framing, struct error *err)
{
    size_t count = framing_header_count(head, "Transfer-Encoding");
    if (count == 0)
        return true;
    if (framing_header(head, "Content-Length"))
        return fail(err, ERR_BAD_REQUEST, "Content-Length together with Transfer-Encoding");
    if (count > 1 || strcmp(head->version, "HTTP/1.0") == 0)
        return fail(err, ERR_BAD_REQUEST, "Transfer-Encoding is not acceptable like this");
    if (strcasecmp(framing_header(head, "Transfer-Encoding"), "chunked") != 0)
        return fail(err, ERR_NOT_IMPLEMENTED, "the only Transfer-Encoding known is chunked");
    framing->chunked = true;
    return true;
}

static bool check_expect(const struct head *head, struct framing *framing, struct error *err)
{
    const char *expect = framing_header(head, "Expect");
    if (!expect)
        return true;
    if (framing_header_count(head, "Expect") > 1 || strcasecmp(expect, "100-continue") != 0)
        return fail(err, ERR_EXPECTATION, "the only expectation known is 100-continue");
    framing->expects_continue = true;
    return true;
}

bool framing_check_lines(const struct head *head, const char *head_end, struct error *err)
{
    const char *end = head->version + strlen(head->version);
    for (size_t i = 0; i < head->header_count; i++) {
        if (head->headers[i].name != end + 2)
            return fail(err, ERR_BAD_REQUEST, "header line %zu is malformed", i + 1);
        end = head->headers[i].value + head->headers[i].value_len;
    }
    if (end + 4 != head_end || memcmp(end, "\0\0\0\0", 4) != 0)
        return fail(err, ERR_BAD_REQUEST, "the last header line is malformed");
    return true;
}

bool framing_check(const struct head *head, struct framing *ret_framing, struct error *err)
{
    struct framing framing = {0};
    for (size_t i = 0; i < head->header_count; i++)
        if (!check_bytes(&head->headers[i], err))
            return false;
    if (!check_method(head, &framing, err) || !check_version(head, err) || !check_host(head, err) ||
        !check_length(head, &framing, err) || !check_coding(head, &framing, err) ||
        !check_expect(head, &framing, err))
        return false;
    const char *encoding = framing_header(head, "Content-Encoding");
    if (encoding && strcasecmp(encoding, "identity") != 0)
        return fail(err, ERR_MEDIA_TYPE, "bodies are taken without Content-Encoding");
    *ret_framing = framing;
    return true;
}
