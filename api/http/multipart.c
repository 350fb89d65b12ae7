#include "api/http/multipart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DELIMITER_SIZE (MULTIPART_BOUNDARY_MAX + 5) /* CRLF, two dashes, NUL */
#define LINES_MAX 8

enum step {
    STEP_OPENING,  /* before the first boundary: nothing may stand there */
    STEP_BOUNDARY, /* behind a boundary: a part begins, or all ends */
    STEP_HEADERS,
    STEP_BODY,
    STEP_END,
};

struct multipart {
    enum step step;
    char delimiter[DELIMITER_SIZE];
    size_t delimiter_len;
    struct buffer window; /* what is not told apart yet */
    size_t used;          /* of the window */
    bool had_part;
    char file_name[MULTIPART_NAME_SIZE];
};

static bool boundary_is_fine(const char *boundary, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789'()+_,-./:=? ";
    return len > 0 && len <= MULTIPART_BOUNDARY_MAX && strspn(boundary, letters) >= len &&
           boundary[len - 1] != ' ';
}

bool multipart_new(const char *content_type, struct multipart **ret_multipart, struct error *err)
{
    const char *at = strcasestr(content_type, "boundary=");
    if (!at)
        return fail(err, ERR_BAD_REQUEST, "the multipart body has no boundary");
    at += 9;
    bool quoted = *at == '"';
    at += quoted;
    size_t len = strcspn(at, quoted ? "\"" : "; \t\"");
    if ((quoted && at[len] != '"') || !boundary_is_fine(at, len))
        return fail(err, ERR_BAD_REQUEST, "the multipart boundary must be 1 to %d plain letters",
                    MULTIPART_BOUNDARY_MAX);
    if (strcasestr(at + len, "boundary="))
        return fail(err, ERR_BAD_REQUEST, "more than one boundary");
    struct multipart *multipart = memory_new(1, sizeof *multipart);
    memcpy(multipart->delimiter, "\r\n--", 4);
    memcpy(multipart->delimiter + 4, at, len);
    multipart->delimiter_len = len + 4;
    /* The first boundary needs no line end before it. */
    buffer_add_text(&multipart->window, "\r\n");
    *ret_multipart = multipart;
    return true;
}

void multipart_free(struct multipart *multipart)
{
    if (!multipart)
        return;
    buffer_auto(&multipart->window);
    free(multipart);
}

const char *multipart_file_name(const struct multipart *multipart)
{
    return multipart->file_name;
}

/* Reads one `; name="value"` of a Content-Disposition; moves *io_at behind it. */
static bool read_parameter(const char **io_at, char ret_name[32],
                           char ret_value[MULTIPART_NAME_SIZE], struct error *err)
{
    const char *at = *io_at;
    at += strspn(at, " \t");
    if (*at != ';')
        return fail(err, ERR_BAD_REQUEST, "a part's Content-Disposition is malformed");
    at++;
    at += strspn(at, " \t");
    size_t name_len = strcspn(at, "=;\" \t");
    if (name_len == 0 || name_len >= 32 || at[name_len] != '=' || at[name_len + 1] != '"')
        return fail(err, ERR_BAD_REQUEST, "a part's Content-Disposition is malformed");
    memcpy(ret_name, at, name_len);
    ret_name[name_len] = '\0';
    size_t len = 0;
    for (at += name_len + 2; *at && *at != '"'; at++) {
        if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        if (len == MULTIPART_NAME_SIZE - 1)
            return fail_field(err, ERR_INVALID_FIELD, "name", "a file name has 1 to 255 bytes");
        ret_value[len++] = *at;
    }
    if (*at != '"')
        return fail(err, ERR_BAD_REQUEST, "a part's Content-Disposition is malformed");
    ret_value[len] = '\0';
    *io_at = at + 1;
    return true;
}

static bool read_disposition(struct multipart *multipart, const char *value, struct error *err)
{
    char name[32], text[MULTIPART_NAME_SIZE];
    bool is_file = false, has_file_name = false;
    if (strncasecmp(value, "form-data", 9) != 0)
        return fail(err, ERR_BAD_REQUEST, "a part must be form-data");
    for (const char *at = value + 9; at[strspn(at, " \t")];) {
        if (!read_parameter(&at, name, text, err))
            return false;
        bool is_name = strcasecmp(name, "name") == 0;
        bool is_file_name = strcasecmp(name, "filename") == 0;
        if ((!is_name && !is_file_name) || (is_name && is_file) || (is_file_name && has_file_name))
            return fail(err, ERR_BAD_REQUEST, "a part's Content-Disposition is malformed");
        if (is_name && strcmp(text, "file") != 0)
            return fail_field(err, ERR_UNKNOWN_FIELD, "name", "the only part is named \"file\"");
        is_file |= is_name;
        has_file_name |= is_file_name;
        if (is_file_name)
            memcpy(multipart->file_name, text, strlen(text) + 1);
    }
    if (!is_file || !has_file_name)
        return fail_field(err, ERR_MISSING_FIELD, "file", "the part needs a name and a filename");
    return true;
}

static bool read_header(struct multipart *multipart, const char *line, bool *io_disposed,
                        struct error *err)
{
    const char *colon = strchr(line, ':');
    if (!colon || colon == line || line[0] == ' ' || line[0] == '\t')
        return fail(err, ERR_BAD_REQUEST, "a part has a malformed header");
    const char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t len = (size_t)(colon - line);
    if (len == 19 && strncasecmp(line, "Content-Disposition", len) == 0) {
        if (*io_disposed)
            return fail(err, ERR_BAD_REQUEST, "a part has two Content-Dispositions");
        *io_disposed = true;
        return read_disposition(multipart, value, err);
    }
    if (len == 12 && strncasecmp(line, "Content-Type", len) == 0 &&
        strncasecmp(value, "multipart/", 10) == 0)
        return fail(err, ERR_BAD_REQUEST, "a part must not hold parts");
    if (len == 25 && strncasecmp(line, "Content-Transfer-Encoding", len) == 0 &&
        strcasecmp(value, "binary") != 0 && strcasecmp(value, "8bit") != 0)
        return fail(err, ERR_BAD_REQUEST, "a part must not be encoded");
    return true;
}

/* `text` is the headers without their empty line; ends lines with NULs. */
static bool read_headers(struct multipart *multipart, char *text, struct error *err)
{
    bool disposed = false;
    for (int count = 0; *text; count++) {
        char *end = strstr(text, "\r\n");
        char *next = end ? end + 2 : text + strlen(text);
        if (end)
            *end = '\0';
        if (count == LINES_MAX)
            return fail(err, ERR_BAD_REQUEST, "a part has more than %d headers", LINES_MAX);
        if (!read_header(multipart, text, &disposed, err))
            return false;
        text = next;
    }
    if (!disposed)
        return fail(err, ERR_BAD_REQUEST, "a part has no Content-Disposition");
    return true;
}

static char *rest(const struct multipart *multipart, size_t *ret_len)
{
    *ret_len = multipart->window.len - multipart->used;
    return multipart->window.data + multipart->used;
}

/* The steps return false without an error when they need more bytes. */
static bool step_boundary(struct multipart *multipart, struct error *err)
{
    size_t len;
    const char *at = rest(multipart, &len);
    if (len < 2)
        return false;
    multipart->used += 2;
    if (memcmp(at, "--", 2) == 0) {
        multipart->step = STEP_END;
        return multipart->had_part || fail(err, ERR_BAD_REQUEST, "the multipart body is empty");
    }
    if (memcmp(at, "\r\n", 2) != 0)
        return fail(err, ERR_BAD_REQUEST, "a multipart boundary is malformed");
    if (multipart->had_part)
        return fail(err, ERR_BAD_REQUEST, "more than one part");
    multipart->had_part = true;
    multipart->step = STEP_HEADERS;
    return true;
}

static bool step_headers(struct multipart *multipart, struct error *err)
{
    size_t len;
    char *at = rest(multipart, &len);
    char *end = memmem(at, len, "\r\n\r\n", 4);
    if (!end && len > MULTIPART_HEADERS_MAX + 3) /* the end may have come but for one byte */
        return fail(err, ERR_BAD_REQUEST, "a part's headers are longer than %d bytes",
                    MULTIPART_HEADERS_MAX);
    if (!end)
        return false;
    if (end - at > MULTIPART_HEADERS_MAX || memchr(at, '\0', (size_t)(end - at)))
        return fail(err, ERR_BAD_REQUEST, "a part's headers are malformed");
    *end = '\0';
    if (!read_headers(multipart, at, err))
        return false;
    multipart->used += (size_t)(end - at) + 4;
    multipart->step = STEP_BODY;
    return true;
}

static bool step_body(struct multipart *multipart, multipart_sink_fn *sink, void *context,
                      struct error *err)
{
    size_t len;
    char *at = rest(multipart, &len);
    char *end = memmem(at, len, multipart->delimiter, multipart->delimiter_len);
    /* What could still become a boundary stays for the next piece. */
    size_t keep = multipart->delimiter_len - 1;
    size_t body = end ? (size_t)(end - at) : len > keep ? len - keep : 0;
    if (body > 0 && multipart->step == STEP_OPENING)
        return fail(err, ERR_BAD_REQUEST, "the multipart body must begin with its boundary");
    if (body > 0 && !sink(context, (struct bytes){at, body}, err))
        return false;
    multipart->used += body;
    if (!end)
        return false;
    multipart->used += multipart->delimiter_len;
    multipart->step = STEP_BOUNDARY;
    return true;
}

static bool step_end(const struct multipart *multipart, struct error *err)
{
    size_t len;
    const char *at = rest(multipart, &len);
    if (len > 2 || memcmp(at, "\r\n", len) != 0)
        return fail(err, ERR_BAD_REQUEST, "there is something behind the multipart body");
    return false;
}

bool multipart_feed(struct multipart *multipart, struct bytes data, multipart_sink_fn *sink,
                    void *context, struct error *err)
{
    buffer_add(&multipart->window, data.data, data.len);
    bool more = true;
    err->code = ERR_NONE;
    while (more) {
        switch (multipart->step) {
        case STEP_OPENING:
        case STEP_BODY:
            more = step_body(multipart, sink, context, err);
            break;
        case STEP_BOUNDARY:
            more = step_boundary(multipart, err);
            break;
        case STEP_HEADERS:
            more = step_headers(multipart, err);
            break;
        case STEP_END:
            more = step_end(multipart, err);
            break;
        }
    }
    struct buffer *window = &multipart->window;
    window->len -= multipart->used;
    memmove(window->data, window->data + multipart->used, window->len);
    multipart->used = 0;
    return err->code == ERR_NONE;
}

bool multipart_finish(const struct multipart *multipart, struct error *err)
{
    if (multipart->step != STEP_END)
        return fail(err, ERR_BAD_REQUEST, "the multipart body ends too early");
    return true;
}
