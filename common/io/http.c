#include "common/io/http.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/io/http_internal.h"

#define CONNECT_MS 5000
#define TICK_MS 500       /* a flag that was set without http_cancel is seen after this */
#define LATE_MS 500       /* for what came in time and was not read yet */
#define BUFFER_BYTES 1024 /* the least it takes */
#define BODY_MAX 65536
#define PAGE 4096
#define STACK_SMALL ((size_t)1024 * 1024) /* threads that there are many of */
#define IDLE_SECONDS 55L /* services close idle connections after a minute or more */
/* What must not be sent twice goes over a kept connection only while it is fresh. */
#define IDLE_SECONDS_ONCE 3L

static void set_options(const struct http *http, struct http_exchange *exchange)
{
    CURL *easy = exchange->handle->easy;
    static const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_FOLLOWLOCATION, 0},
        {CURLOPT_DISALLOW_USERNAME_IN_URL, 1},
        {CURLOPT_SSL_VERIFYPEER, 1},
        {CURLOPT_SSL_VERIFYHOST, 2},
        {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
        {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS},
        {CURLOPT_BUFFERSIZE, BUFFER_BYTES},
        {CURLOPT_UPLOAD_BUFFERSIZE, 16384}, /* likewise */
        {CURLOPT_TCP_KEEPALIVE, 1},
        {CURLOPT_QUICK_EXIT, 1}, /* waits for no name server after the deadline */
    };
    curl_easy_reset(easy);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        curl_easy_setopt(easy, numbers[i].option, numbers[i].value);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, http->options.plain ? "http,https" : "https");
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* nor one from the environment */
    if (exchange->request->public_only)
        curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, http_place_open);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "countersign");
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->why);
    curl_easy_setopt(easy, CURLOPT_SHARE, http->names);
    /* From the folder only what is needed is read; the file of all authorities
     * would be kept with every connection. */
    curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca_file);
    if (http->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
                     exchange->repeatable ? IDLE_SECONDS : IDLE_SECONDS_ONCE);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, exchange->request->close ? 1L : 0L);
}

/* Once, when nothing of the request is left to send. */
static void tell_sent(struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;
    if (!request->sent || exchange->told_sent || exchange->starts == 0)
        return;
    curl_off_t body = 0;
    curl_easy_getinfo(exchange->handle->easy, CURLINFO_SIZE_UPLOAD_T, &body);
    bool all = body > 0 && (uint64_t)body >= request->body.len && !request->parts && !request->file;
    if (!all && exchange->header_bytes == 0)
        return;
    exchange->told_sent = true;
    request->sent(request->context);
}

static bool is_cancelled(const struct http_request *request)
{
    return request->cancelled && atomic_load(request->cancelled);
}

/* Connecting went deep into the stack. Who waits for long gives the pages below back: of
 * hundreds of such threads they are a third of the memory. */
static void forget_stack(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t size = 0;
    char here;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0 && size <= STACK_SMALL) {
        uintptr_t start = ((uintptr_t)low + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
        uintptr_t end = ((uintptr_t)&here - PAGE) & ~(uintptr_t)(PAGE - 1);
        if (end > start)
            madvise((void *)start, end - start, MADV_DONTNEED);
    }
    pthread_attr_destroy(&attributes);
}

/* Waits until there is something to do for curl. False: only time went by. */
static bool wait_for_news(CURLM *multi, int64_t most_ms)
{
    int count = 0;
    long due_ms = -1;
    curl_multi_poll(multi, NULL, 0, (int)most_ms, &count);
    curl_multi_timeout(multi, &due_ms);
    return count > 0 || due_ms == 0;
}

/* What a caller takes may hold us up for longer than the deadline. What the other side had said
 * by then was in time: it is read as long as it lies there. */
static bool is_over(const struct http_exchange *exchange, int64_t now_ms, int64_t *io_late_ms)
{
    if (now_ms < exchange->request->deadline_ms)
        return false;
    if (*io_late_ms == 0)
        *io_late_ms = now_ms + LATE_MS;
    return exchange->starts == 0 || now_ms >= *io_late_ms ||
           !wait_for_news(exchange->handle->multi, 0);
}

/* True when the transfer came to an end by itself. */
static bool transfer(struct http_exchange *exchange)
{
    const struct http_request *request = exchange->request;
    CURLM *multi = exchange->handle->multi;
    int64_t patience_ms = clock_monotonic_ms() + TICK_MS, late_ms = 0;
    int running = 1;
    for (bool news = true;;) {
        int64_t now_ms = clock_monotonic_ms(), left_ms = request->deadline_ms - now_ms;
        if (is_cancelled(request)) {
            exchange->answer->end = HTTP_CANCELLED;
            return false;
        }
        if (is_over(exchange, now_ms, &late_ms)) {
            exchange->answer->end = HTTP_TIMED_OUT;
            return false;
        }
        if ((news || late_ms) && curl_multi_perform(multi, &running) != CURLM_OK)
            return true;
        tell_sent(exchange);
        if (!running)
            return true;
        if (now_ms > patience_ms) {
            patience_ms = INT64_MAX;
            forget_stack();
        }
        left_ms = left_ms > 0 ? left_ms : 0;
        news = wait_for_news(multi, left_ms < TICK_MS ? left_ms : TICK_MS);
    }
}

static CURLcode code_of(CURLM *multi)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left));)
        if (message->msg == CURLMSG_DONE)
            return message->data.result;
    return CURLE_FAILED_INIT;
}

static enum http_end judge(const struct http_exchange *exchange, CURLcode code)
{
    if (exchange->too_large)
        return HTTP_TOO_LARGE;
    if (exchange->stopped)
        return HTTP_STOPPED;
    if (code == CURLE_OK && exchange->head_done)
        return HTTP_ANSWERED;
    return exchange->starts == 0 ? HTTP_NOT_SENT : HTTP_CUT;
}

static void explain(struct http_exchange *exchange, CURLcode code)
{
    static const char *const ends[] = {
        [HTTP_ANSWERED] = "",
        [HTTP_NOT_SENT] = "not sent",
        [HTTP_CUT] = "cut off",
        [HTTP_TIMED_OUT] = "no whole answer in time",
        [HTTP_TOO_LARGE] = "the answer is too large",
        [HTTP_CANCELLED] = "cancelled",
        [HTTP_STOPPED] = "stopped",
    };
    struct http_answer *answer = exchange->answer;
    bool more = answer->end == HTTP_NOT_SENT || answer->end == HTTP_CUT;
    const char *why = *exchange->why ? exchange->why
                      : code         ? curl_easy_strerror(code)
                                     : "the head of the answer has no end";
    snprintf(answer->text, sizeof answer->text, "%s%s%.120s", ends[answer->end], more ? ": " : "",
             more ? why : "");
    for (char *at = answer->text; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
            *at = '?';
}

static void perform(struct http_exchange *exchange)
{
    struct http_handle *handle = exchange->handle;
    struct http_answer *answer = exchange->answer;
    CURLcode code = CURLE_OK;
    curl_multi_add_handle(handle->multi, handle->easy);
    if (transfer(exchange)) {
        code = code_of(handle->multi);
        answer->end = judge(exchange, code);
    }
    long status = 0;
    curl_easy_getinfo(handle->easy, CURLINFO_RESPONSE_CODE, &status);
    answer->status = (int)status;
    answer->sent = exchange->starts > 0;
    explain(exchange, code);
    /* Under way still: this closes its connection. */
    curl_multi_remove_handle(handle->multi, handle->easy);
}

static bool repeatable(const struct http_request *request)
{
    static const char *const methods[] = {"GET", "PUT", "DELETE"};
    for (size_t i = 0; i < COUNT_OF(methods); i++)
        if (strcmp(request->method, methods[i]) == 0)
            return true;
    return request->repeatable;
}

/* For who looks for a fault, and for the demo. Queries may name people's things. */
static void trace(const struct http_exchange *exchange, const char *origin, int64_t start_ms)
{
    const struct http_request *request = exchange->request;
    const struct http_answer *answer = exchange->answer;
    const char *why = answer->text;
    char text[256];
    const char *path = text;
    const char *after = strstr(request->url, "://");
    const char *from = after ? strchr(after + 3, '/') : NULL;
    snprintf(text, sizeof text, "%.*s", from ? (int)strcspn(from, "?#") : 0, from ? from : "");
    LOG(LOG_DEBUG, "http.call", LOG_TEXT("method", request->method), LOG_TEXT("host", origin),
        LOG_TEXT("path", path), LOG_NUMBER("status", answer->status),
        LOG_NUMBER("ms", clock_monotonic_ms() - start_ms), LOG_TEXT("text", why));
}

bool http_call(struct http *http, const struct http_request *request,
               struct http_answer *ret_answer)
{
    char origin[HTTP_ORIGIN_SIZE];
    int64_t start_ms = clock_monotonic_ms();
    *ret_answer = (struct http_answer){.end = HTTP_NOT_SENT, .retry_after_ms = -1};
    if (!http_request_valid(http, request, origin, ret_answer))
        return false;
    struct http_exchange exchange = {
        .request = request,
        .answer = ret_answer,
        .handle = http_pool_take(http, origin, request->cancelled),
        .body_max = request->body_max ? request->body_max : BODY_MAX,
        .repeatable = repeatable(request),
    };
    set_options(http, &exchange);
    http_answer_listen(&exchange);
    if (http_request_load(&exchange))
        perform(&exchange);
    trace(&exchange, origin, start_ms);
    bool keep = ret_answer->end == HTTP_ANSWERED && !request->close;
    curl_easy_reset(exchange.handle->easy); /* forgets what is borrowed */
    curl_slist_free_all(exchange.headers);
    curl_mime_free(exchange.form);
    http_pool_give(http, exchange.handle, keep);
    return ret_answer->end == HTTP_ANSWERED;
}
