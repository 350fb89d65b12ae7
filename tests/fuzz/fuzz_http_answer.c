/* The head and the body of a service's answer as our client's callbacks get them from curl. Input:
 * a status (one byte), lines of the head up to an empty one, the body in pieces. What curl is told
 * is caught here; curl itself is not run. */
#include "common/io/http_internal.h"
#include "tests/fuzz/fuzz.h"

#define BODY_MAX 64
#define RETRY_MAX_MS (15 * 60 * 1000)

typedef size_t take_fn(char *data, size_t size, size_t count, void *context);

static struct {
    take_fn *header, *body;
    long status;
} heard;

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...);

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    (void)easy;
    va_list args;
    va_start(args, option);
    if (option == CURLOPT_HEADERFUNCTION)
        heard.header = va_arg(args, take_fn *);
    else if (option == CURLOPT_WRITEFUNCTION)
        heard.body = va_arg(args, take_fn *);
    va_end(args);
    return CURLE_OK;
}

CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    (void)easy, (void)info;
    va_list args;
    va_start(args, info);
    *va_arg(args, long *) = heard.status;
    va_end(args);
    return CURLE_OK;
}

static size_t give(take_fn *to, struct bytes piece, struct http_exchange *exchange)
{
    AUTO(text) char *copy = fuzz_copy(piece);
    size_t taken = to(copy, 1, piece.len, exchange);
    CLAIM(taken == piece.len || exchange->too_large);
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    struct http_request request = {.wanted = "X-Next-Token"};
    struct http_answer answer = {.retry_after_ms = -1};
    struct http_handle handle = {0};
    struct http_exchange exchange = {
        .request = &request, .answer = &answer, .handle = &handle, .body_max = BODY_MAX};
    http_answer_listen(&exchange);
    heard.status = 100 + 2 * fuzz_byte(&fuzz);
    bool blank = false;
    while (fuzz.at < fuzz.end && !blank) {
        struct bytes line = fuzz_line(&fuzz);
        line.len += fuzz.at < fuzz.end; /* with its end, as curl has it */
        blank = line.len <= 1;
        give(heard.header, line, &exchange);
        CLAIM(answer.retry_after_ms >= -1 && answer.retry_after_ms <= RETRY_MAX_MS);
        CLAIM(strlen(answer.wanted) < sizeof answer.wanted);
        CLAIM(!strchr(answer.wanted, '\n'));
    }
    CLAIM(!exchange.head_done || heard.status >= 200);
    while (fuzz.at < fuzz.end && !exchange.too_large)
        give(heard.body, fuzz_some(&fuzz, 40), &exchange);
    CLAIM(answer.body.len <= BODY_MAX);
    http_answer_auto(&answer);
    return 0;
}
