#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/io/http_internal.h"

#define URL_LIMIT 8192

static bool refuse(struct http_answer *answer, const char *why)
{
    answer->end = HTTP_NOT_SENT;
    snprintf(answer->text, sizeof answer->text, "%s", why);
    return false;
}

static bool is_token(const char *text)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (const char *at = text; *at; at++)
        if (!(*at >= '0' && *at <= '9') && !((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z') &&
            !strchr(others, *at))
            return false;
    return *text != '\0';
}

/* What could end a line, or begin another header. */
static bool has_control(const char *text, char least)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < (unsigned char)least || *at == 0x7f)
            return true;
    return false;
}

static bool headers_valid(const struct http_request *request)
{
    for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i].name; i++) {
        const struct http_header *header = &request->headers[i];
        if (!is_token(header->name) || (header->value && has_control(header->value, ' ')))
            return false;
    }
    return !request->content_type || !has_control(request->content_type, ' ');
}

bool http_request_valid(const struct http *http, const struct http_request *request,
                        char *ret_origin, struct http_answer *answer)
{
    const char *url = request->url;
    bool tls = strncmp(url, "https://", 8) == 0;
    if (!tls && !(http->options.plain && strncmp(url, "http://", 7) == 0))
        return refuse(answer, "only https addresses are called");
    const char *host = url + (tls ? 8 : 7);
    size_t len = (size_t)(host - url) + strcspn(host, "/?#");
    if (len >= HTTP_ORIGIN_SIZE || strlen(url) > URL_LIMIT || has_control(url, '!') ||
        memchr(url, '@', len))
        return refuse(answer, "the address is not one that can be called");
    memcpy(ret_origin, url, len);
    ret_origin[len] = '\0';
    if (!is_token(request->method) || !headers_valid(request))
        return refuse(answer, "a header or the method has bytes that do not belong there");
    return true;
}

/* A file is read by position: others may read the same descriptor. */
struct file_reader {
    const struct http_part *part;
    uint64_t offset;
};

static size_t read_at(const struct http_part *part, uint64_t *io_offset, char *data, size_t room)
{
    uint64_t left = part->size - *io_offset;
    if (room > left)
        room = (size_t)left;
    size_t done = room;
    if (part->fd < 0)
        memcpy(data, (const char *)part->data.data + *io_offset, room);
    else if (room > 0) {
        ssize_t got = pread(part->fd, data, room, (off_t)*io_offset);
        if (got <= 0)
            return CURL_READFUNC_ABORT; /* shorter than was promised */
        done = (size_t)got;
    }
    *io_offset += done;
    return done;
}

static size_t read_file(char *data, size_t size, size_t count, void *context)
{
    struct http_exchange *exchange = context;
    return read_at(exchange->request->file, &exchange->offset, data, size * count);
}

static int seek_file(void *context, curl_off_t offset, int origin)
{
    struct http_exchange *exchange = context;
    if (origin != SEEK_SET || !exchange->repeatable || offset < 0 ||
        (uint64_t)offset > exchange->request->file->size)
        return CURL_SEEKFUNC_FAIL;
    exchange->offset = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t read_part(char *data, size_t size, size_t count, void *context)
{
    struct file_reader *reader = context;
    return read_at(reader->part, &reader->offset, data, size * count);
}

static int seek_part(void *context, curl_off_t offset, int origin)
{
    struct file_reader *reader = context;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > reader->part->size)
        return CURL_SEEKFUNC_FAIL;
    reader->offset = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool add_part(curl_mime *form, const struct http_part *part)
{
    curl_mimepart *field = curl_mime_addpart(form);
    if (!field || curl_mime_name(field, part->name) != CURLE_OK ||
        (part->filename && curl_mime_filename(field, part->filename) != CURLE_OK))
        return false;
    if (part->fd < 0)
        return curl_mime_data(field, part->data.data, part->data.len) == CURLE_OK;
    struct file_reader *reader = memory_new(1, sizeof *reader);
    reader->part = part;
    return curl_mime_data_cb(field, (curl_off_t)part->size, read_part, seek_part, free, reader) ==
           CURLE_OK;
}

static bool load_form(struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;
    exchange->form = curl_mime_init(exchange->handle->easy);
    if (!exchange->form)
        return false;
    for (size_t i = 0; i < request->part_count; i++)
        if (!add_part(exchange->form, &request->parts[i]))
            return false;
    return curl_easy_setopt(exchange->handle->easy, CURLOPT_MIMEPOST, exchange->form) == CURLE_OK;
}

static void load_body(struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;
    CURL *easy = exchange->handle->easy;
    if (request->file) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_file);
        curl_easy_setopt(easy, CURLOPT_READDATA, exchange);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_file);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, exchange);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->file->size);
    } else if (request->body.data || strcmp(request->method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data ? request->body.data : "");
    }
}

static bool add_header(struct http_exchange *exchange, const char *name, const char *value)
{
    AUTO(buffer) struct buffer line = {0};
    buffer_printf(&line, *value ? "%s: %s" : "%s;", name, value);
    struct curl_slist *longer = curl_slist_append(exchange->headers, line.data);
    if (longer)
        exchange->headers = longer;
    return longer;
}

static bool load_headers(struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;
    bool fine = true;
    for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i].name; i++)
        if (request->headers[i].value)
            fine =
                fine && add_header(exchange, request->headers[i].name, request->headers[i].value);
    bool typed = request->content_type && !request->parts;
    if (typed)
        fine = fine && add_header(exchange, "Content-Type", request->content_type);
    /* Without these curl would add its own. */
    const char *const off[] = {"Expect:", typed || request->parts ? NULL : "Content-Type:"};
    for (size_t i = 0; fine && i < COUNT_OF(off); i++) {
        struct curl_slist *longer = off[i] ? curl_slist_append(exchange->headers, off[i]) : NULL;
        exchange->headers = longer ? longer : exchange->headers;
        fine = longer || !off[i];
    }
    curl_easy_setopt(exchange->handle->easy, CURLOPT_HTTPHEADER, exchange->headers);
    return fine;
}

bool http_request_load(struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;
    CURL *easy = exchange->handle->easy;
    curl_easy_setopt(easy, CURLOPT_URL, request->url);
    if (request->parts && !load_form(exchange))
        return false;
    if (!request->parts)
        load_body(exchange);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    return load_headers(exchange);
}
