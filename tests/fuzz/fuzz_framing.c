/* What the request line and the headers say about where a request ends. Input: method and version
 * on a line, then a header on each line, with a colon between name and value. */
#include <strings.h>

#include "api/api.h"
#include "tests/fuzz/fuzz.h"

#define HEADERS_MAX 12

struct request {
    char *method, *version;
    char *texts[2 * HEADERS_MAX];
    struct header headers[HEADERS_MAX];
    struct head head;
};

/* With a NUL behind it that `len` does not count, as the server has it. */
static char *with_end(struct bytes part)
{
    char *text = memory_new(part.len + 1, 1);
    if (part.len)
        memcpy(text, part.data, part.len);
    return text;
}

static void split(struct bytes line, char by, struct bytes *ret_first, struct bytes *ret_second)
{
    const char *data = line.data;
    const char *at = line.len ? memchr(data, by, line.len) : NULL;
    size_t first = at ? (size_t)(at - data) : line.len;
    *ret_first = (struct bytes){data, first};
    *ret_second = (struct bytes){at ? at + 1 : data, at ? line.len - first - 1 : 0};
}

static void read_request(struct fuzz *fuzz, struct request *request)
{
    struct bytes first, second;
    split(fuzz_line(fuzz), ' ', &first, &second);
    request->method = with_end(first);
    request->version = with_end(second);
    size_t count = 0;
    for (; fuzz->at < fuzz->end && count < HEADERS_MAX; count++) {
        split(fuzz_line(fuzz), ':', &first, &second);
        char **texts = &request->texts[2 * count];
        texts[0] = with_end(first);
        texts[1] = with_end(second);
        request->headers[count] = (struct header){texts[0], texts[1], first.len, second.len};
    }
    request->head = (struct head){request->method, request->version, request->headers, count};
}

static void free_request(struct request *request)
{
    free(request->method);
    free(request->version);
    for (size_t i = 0; i < COUNT_OF(request->texts); i++)
        free(request->texts[i]);
}

static size_t count_of(const struct request *request, const char *name, const char **ret_value)
{
    size_t count = 0;
    *ret_value = NULL;
    for (size_t i = 0; i < request->head.header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0 && ++count == 1)
            *ret_value = request->headers[i].value;
    return count;
}

/* What two readers could take for two things must not get through. */
static void check_accepted(const struct request *request, const struct framing *framing)
{
    const char *length, *coding, *host;
    size_t lengths = count_of(request, "content-length", &length);
    size_t codings = count_of(request, "transfer-encoding", &coding);
    size_t hosts = count_of(request, "host", &host);
    CLAIM(lengths + codings <= 1 && hosts <= 1);
    CLAIM(hosts == 1 || strcmp(request->version, "HTTP/1.0") == 0);
    CLAIM(strcmp(method_names[framing->method], request->method) == 0);
    CLAIM(framing->chunked == (codings == 1) && framing->content_length >= 0);
    CLAIM(!coding || strcasecmp(coding, "chunked") == 0);
    CLAIM(length || framing->content_length == 0);
    for (const char *at = length; at && *at; at++)
        CLAIM(*at >= '0' && *at <= '9');
    CLAIM(!length || strtoll(length, NULL, 10) == framing->content_length);
    for (size_t i = 0; i < request->head.header_count; i++) {
        const struct header *header = &request->headers[i];
        CLAIM(header->name_len == strlen(header->name) && header->name_len > 0);
        CLAIM(header->value_len == strlen(header->value) && !strpbrk(header->value, "\r\n"));
        CLAIM(!strpbrk(header->name, " \t\r\n:\""));
    }
}

/* Only our own pages may ask for a change. */
static void check_origin(const struct request *request)
{
    static struct api api = {.origin = "https://ours.example", .tls = true};
    struct exchange exchange = {.head = request->head};
    struct error err = {0};
    const char *origin, *site;
    size_t origins = count_of(request, "origin", &origin);
    size_t sites = count_of(request, "sec-fetch-site", &site);
    if (!identity_check_origin(&api, &exchange, &err)) {
        CLAIM(err.code == ERR_BAD_ORIGIN || err.code == ERR_BAD_REQUEST);
        return;
    }
    CLAIM(origins <= 1 && sites <= 1);
    CLAIM(!origin || strcasecmp(origin, api.origin) == 0);
    CLAIM(!site || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    struct request request = {0};
    struct error err = {0};
    struct framing untouched, framing;
    memset(&untouched, 0x5a, sizeof untouched);
    framing = untouched;
    read_request(&fuzz, &request);
    if (framing_check(&request.head, &framing, &err)) {
        check_accepted(&request, &framing);
        check_origin(&request);
    } else {
        int status = error_status(err.code);
        CLAIM((status >= 400 && status < 500) || status == 501);
        CLAIM(err.text[0] && memcmp(&framing, &untouched, sizeof framing) == 0);
    }
    free_request(&request);
    return 0;
}
