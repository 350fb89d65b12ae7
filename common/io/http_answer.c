#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/io/http_internal.h"

#define HEADER_BYTES_MAX 65536
#define RETRY_AFTER_MAX_MS (15 * 60 * 1000)

void http_answer_auto(struct http_answer *answer)
{
    buffer_auto(&answer->body);
}

/* Seconds, or a date. What makes no sense counts as not said. A double holds any date's
 * milliseconds: libcurl reads years that an int64_t of them does not reach. */
static int64_t retry_after_ms(const char *text)
{
    char *rest;
    double ms;
    if (*text >= '0' && *text <= '9') {
        ms = strtod(text, &rest) * 1000;
        if (*rest != '\0')
            return -1;
    } else {
        time_t date = curl_getdate(text, NULL);
        if (date < 0)
            return -1;
        ms = (double)date * 1000 - (double)clock_wall_ms();
    }
    if (ms <= 0)
        return 0;
    return ms < RETRY_AFTER_MAX_MS ? (int64_t)ms : RETRY_AFTER_MAX_MS;
}

static void take_field(struct http_exchange *exchange, const char *name, const char *value)
{
    struct http_answer *answer = exchange->answer;
    const char *wanted = exchange->request->wanted;
    if (strncasecmp(name, "retry-after", 11) == 0 && (name[11] == '\0' || name[11] == '-')) {
        int64_t ms = retry_after_ms(value);
        if (ms > answer->retry_after_ms)
            answer->retry_after_ms = ms;
    } else if (wanted && strcasecmp(name, wanted) == 0 && strlen(value) < sizeof answer->wanted) {
        snprintf(answer->wanted, sizeof answer->wanted, "%s", value);
    }
}

static int status_of(const struct http_exchange *exchange)
{
    long status = 0;
    curl_easy_getinfo(exchange->handle->easy, CURLINFO_RESPONSE_CODE, &status);
    return (int)status;
}

/* One line with its end, of any of the answers: 100 Continue is one as well. */
static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct http_exchange *exchange = context;
    size_t len = size * count;
    exchange->header_bytes += len;
    if (exchange->header_bytes > HEADER_BYTES_MAX) {
        exchange->too_large = true;
        return 0;
    }
    char line[512];
    size_t used = len;
    while (used > 0 && (data[used - 1] == '\r' || data[used - 1] == '\n' || data[used - 1] == ' '))
        used--;
    if (used == 0) /* curl takes a head without its end for an answer */
        exchange->head_done = status_of(exchange) >= 200;
    if (used == 0 || used >= sizeof line)
        return len;
    memcpy(line, data, used);
    line[used] = '\0';
    char *colon = strchr(line, ':');
    if (!colon)
        return len;
    *colon = '\0';
    const char *value = colon + 1;
    take_field(exchange, line, value + strspn(value, " \t"));
    return len;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct http_exchange *exchange = context;
    const struct http_request *request = exchange->request;
    struct bytes piece = {data, size * count};
    int status = status_of(exchange);
    if (request->take && status >= 200 && status < 300) {
        if (request->body_max && piece.len > request->body_max - exchange->taken) {
            exchange->too_large = true;
            return 0;
        }
        exchange->taken += piece.len;
        exchange->stopped = !request->take(request->context, piece);
        return exchange->stopped ? 0 : piece.len;
    }
    struct buffer *body = &exchange->answer->body;
    if (piece.len > exchange->body_max - body->len) {
        exchange->too_large = true;
        return 0;
    }
    buffer_add(body, piece.data, piece.len);
    return piece.len;
}

/* Right before the request leaves. A second time means that the kept connection
 * was dead: whether the other side had read the request, nobody can say. */
static int begin(void *context, char *local, char *remote, int local_port, int remote_port)
{
    struct http_exchange *exchange = context;
    (void)local, (void)remote, (void)local_port, (void)remote_port;
    exchange->starts++;
    return exchange->starts == 1 || exchange->repeatable ? CURL_PREREQFUNC_OK
                                                         : CURL_PREREQFUNC_ABORT;
}

void http_answer_listen(struct http_exchange *exchange)
{
    CURL *easy = exchange->handle->easy;
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, begin);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange);
    /* A stream would be held back by whoever packs it. */
    if (!exchange->request->take)
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
}
