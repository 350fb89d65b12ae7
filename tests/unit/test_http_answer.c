#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/io/http.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/support/peer.h"

#define FAR_MS 20000 /* a deadline that is not what is looked at */

/* Each call comes from a client of its own, so that no connection outlives it. */
static bool call(const struct http_request *request, struct http_answer *answer)
{
    struct http *client = http_new(&(struct http_options){.plain = true});
    bool fine = http_call(client, request, answer);
    http_free(client);
    return fine;
}

static struct http_request get(const struct peer *peer)
{
    return (struct http_request){
        .method = "GET", .url = peer->url, .deadline_ms = clock_monotonic_ms() + FAR_MS};
}

/* What a peer sends, and how much of it. */
struct reply {
    struct bytes data;
    size_t cut;
};

static bool send_reply(struct peer *peer, int fd, int number)
{
    const struct reply *reply = peer->context;
    (void)number;
    peer_send(fd, (struct bytes){reply->data.data, reply->cut});
    return false;
}

static enum http_end answer_to(struct bytes data, size_t cut, struct http_answer *answer)
{
    struct peer peer;
    const struct reply reply = {data, cut};
    peer_start(&peer, send_reply, &reply);
    struct http_request request = get(&peer);
    bool fine = call(&request, answer);
    assert_int_equal(fine, answer->end == HTTP_ANSWERED);
    peer_stop(&peer);
    return answer->end;
}

static void test_an_answer_cut_at_any_byte_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    };
    size_t cuts = 0;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        for (size_t cut = 0; cut <= strlen(texts[i]); cut++, cuts++) {
            AUTO(http_answer) struct http_answer answer;
            enum http_end end = answer_to(bytes_of(texts[i]), cut, &answer);
            bool whole = cut == strlen(texts[i]);
            /* The last line end of the last chunk is no news. */
            if (i == 1 && cut + 2 >= strlen(texts[i]) && end == HTTP_ANSWERED)
                continue;
            if (end != (whole ? HTTP_ANSWERED : HTTP_CUT) || !answer.sent)
                fail_msg("text %zu cut at %zu: end %d", i, cut, end);
            if (whole)
                assert_string_equal(answer.body.data, "hello");
        }
    assert_true(cuts > 150);
}

static void test_answers_that_contradict_themselves(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum http_end end;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", HTTP_CUT},
        {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", HTTP_CUT},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", HTTP_CUT},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello\r\n0\r\n\r\n", HTTP_CUT},
        {"hello\r\n\r\n", HTTP_CUT},
        {"HTTP/9.1 200 OK\r\n\r\nhello", HTTP_CUT},
        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", HTTP_CUT},
        {"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", HTTP_ANSWERED},
        {"HTTP/1.1 302 Over there\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         HTTP_ANSWERED},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(http_answer) struct http_answer answer;
        enum http_end end = answer_to(bytes_of(rows[i].text), strlen(rows[i].text), &answer);
        if (end != rows[i].end)
            fail_msg("row %zu: end %d, %s", i, end, answer.text);
    }
}

static void test_a_redirect_is_not_followed(void **state)
{
    (void)state;
    struct peer other;
    char text[200];
    AUTO(http_answer) struct http_answer answer;
    const struct reply none = {bytes_of(""), 0};
    peer_start(&other, send_reply, &none);
    snprintf(text, sizeof text, "HTTP/1.1 307 Go\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n",
             other.url);
    assert_int_equal(answer_to(bytes_of(text), strlen(text), &answer), HTTP_ANSWERED);
    assert_int_equal(answer.status, 307);
    assert_int_equal(peer_connections(&other), 0);
    peer_stop(&other);
}

/* ---- how much ---------------------------------------------------------------------------------
 */

static void test_bodies_are_limited(void **state)
{
    (void)state;
    for (int over = 0; over <= 1; over++) {
        AUTO(buffer) struct buffer text = {0};
        AUTO(http_answer) struct http_answer answer;
        buffer_printf(&text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 65536 + over);
        for (int i = 0; i < 65536 + over; i++)
            buffer_add_text(&text, "x");
        enum http_end end = answer_to(buffer_bytes(&text), text.len, &answer);
        assert_int_equal(end, over ? HTTP_TOO_LARGE : HTTP_ANSWERED);
        assert_int_equal(answer.status, 200);
        assert_true(answer.body.len <= 65536);
    }
}

static void test_headers_are_limited(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer text = {0};
    AUTO(http_answer) struct http_answer answer;
    buffer_add_text(&text, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 2000; i++)
        buffer_printf(&text, "X-Header-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
    buffer_add_text(&text, "Content-Length: 0\r\n\r\n");
    assert_int_equal(answer_to(buffer_bytes(&text), text.len, &answer), HTTP_TOO_LARGE);
}

/* 262,144 times nought in 289 bytes. */
static void add_bomb(struct buffer *text)
{
    static const char start[] = "1f8b0800000000000203edc13101000000c2a0f54fed6d07a0";
    static const char end[] = "de0022ea0ee200000400";
    uint8_t data[289] = {0};
    assert_true(hex_decode(start, data, 25));
    assert_true(hex_decode(end, data + sizeof data - 10, 10));
    buffer_add_text(text,
                    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 289\r\n\r\n");
    buffer_add(text, data, sizeof data);
}

static void test_what_is_packed_counts_as_what_it_unpacks_to(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer text = {0};
    add_bomb(&text);
    for (int enough = 0; enough <= 1; enough++) {
        struct peer peer;
        AUTO(http_answer) struct http_answer answer;
        const struct reply reply = {buffer_bytes(&text), text.len};
        peer_start(&peer, send_reply, &reply);
        struct http_request request = get(&peer);
        request.body_max = enough ? 262144 : 262143;
        assert_int_equal(call(&request, &answer), enough);
        assert_int_equal(answer.end, enough ? HTTP_ANSWERED : HTTP_TOO_LARGE);
        assert_true(answer.body.len <= request.body_max);
        peer_stop(&peer);
    }
}

struct taken {
    struct buffer data;
    size_t most;
    int sent;
};

static bool take(void *context, struct bytes piece)
{
    struct taken *taken = context;
    buffer_add(&taken->data, piece.data, piece.len);
    return taken->data.len < taken->most;
}

static void note_sent(void *context)
{
    struct taken *taken = context;
    taken->sent++;
}

static void take_answer(const char *text, size_t most, size_t body_max, struct taken *taken,
                        struct http_answer *answer)
{
    struct peer peer;
    const struct reply reply = {bytes_of(text), strlen(text)};
    *taken = (struct taken){.most = most};
    peer_start(&peer, send_reply, &reply);
    struct http_request request = get(&peer);
    request.method = "POST";
    request.body = bytes_of("body");
    request.body_max = body_max;
    request.take = take;
    request.sent = note_sent;
    request.context = taken;
    (void)!call(&request, answer);
    peer_stop(&peer);
}

static void test_pieces_are_taken_of_success_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t most, body_max;
        enum http_end end;
        const char *taken, *collected;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 9, 0, HTTP_ANSWERED, "hello", NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 9, 5, HTTP_ANSWERED, "hello", NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 9, 4, HTTP_TOO_LARGE, NULL, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", 9, 0, HTTP_CUT, "hel", NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 3, 0, HTTP_STOPPED, "hello", NULL},
        {"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhello", 9, 0, HTTP_ANSWERED, NULL, "hello"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct taken taken;
        AUTO(http_answer) struct http_answer answer;
        take_answer(rows[i].text, rows[i].most, rows[i].body_max, &taken, &answer);
        assert_int_equal(answer.end, rows[i].end);
        assert_int_equal(taken.sent, 1);
        assert_true(bytes_equal(buffer_bytes(&taken.data), bytes_of(rows[i].taken)));
        assert_true(bytes_equal(buffer_bytes(&answer.body), bytes_of(rows[i].collected)));
        buffer_auto(&taken.data);
    }
}

/* ---- how long ---------------------------------------------------------------------------------
 */

/* A byte now and then, for ever: an idle timer would never fire. */
static bool drip(struct peer *peer, int fd, int number)
{
    const struct timespec pause = {0, 5000000};
    (void)peer, (void)number;
    peer_send(fd, bytes_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
    while (send(fd, "1\r\nx\r\n", 6, MSG_NOSIGNAL) == 6)
        nanosleep(&pause, NULL);
    return false;
}

/* Until the caller is gone. */
static bool hang(struct peer *peer, int fd, int number)
{
    char byte;
    (void)peer, (void)number;
    (void)!read(fd, &byte, 1);
    return false;
}

static void test_the_deadline_is_absolute(void **state)
{
    (void)state;
    peer_fn *const peers[] = {drip, hang};
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        struct peer peer;
        AUTO(http_answer) struct http_answer answer;
        peer_start(&peer, peers[i], NULL);
        struct http_request request = get(&peer);
        request.deadline_ms = clock_monotonic_ms() + 200;
        assert_false(call(&request, &answer));
        assert_int_equal(answer.end, HTTP_TIMED_OUT);
        assert_int_equal(answer.body.len > 0, i == 0 && answer.status == 200);
        assert_true(clock_monotonic_ms() >= request.deadline_ms);
        peer_stop(&peer);
    }
}

struct canceller {
    struct peer peer;
    struct http *client;
    atomic_bool flag;
    bool merely; /* sets the flag and wakes nobody */
};

static void *cancel_when_asked(void *context)
{
    struct canceller *canceller = context;
    peer_await_requests(&canceller->peer, 1);
    if (canceller->merely)
        atomic_store(&canceller->flag, true);
    else
        http_cancel(canceller->client, &canceller->flag);
    return NULL;
}

static void test_a_call_is_cancelled_from_another_thread(void **state)
{
    (void)state;
    for (int merely = 0; merely <= 1; merely++) {
        struct canceller canceller = {.merely = merely};
        AUTO(http_answer) struct http_answer answer;
        pthread_t thread;
        peer_start(&canceller.peer, hang, NULL);
        canceller.client = http_new(&(struct http_options){.plain = true});
        pthread_create(&thread, NULL, cancel_when_asked, &canceller);
        struct http_request request = get(&canceller.peer);
        request.cancelled = &canceller.flag;
        assert_false(http_call(canceller.client, &request, &answer));
        assert_int_equal(answer.end, HTTP_CANCELLED);
        assert_true(answer.sent);
        peer_stop(&canceller.peer); /* its connection was closed */
        pthread_join(thread, NULL);
        http_free(canceller.client);
    }
}

static void test_what_is_cancelled_before_does_not_leave(void **state)
{
    (void)state;
    struct peer peer;
    AUTO(http_answer) struct http_answer answer;
    atomic_bool flag = true;
    peer_start(&peer, hang, NULL);
    struct http_request request = get(&peer);
    request.cancelled = &flag;
    assert_false(call(&request, &answer));
    assert_int_equal(answer.end, HTTP_CANCELLED);
    assert_false(answer.sent);
    assert_int_equal(peer_connections(&peer), 0);
    peer_stop(&peer);
}

/* ---- Retry-After ------------------------------------------------------------------------------
 */

static void test_retry_after(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        int64_t ms;
    } rows[] = {
        {"", -1},
        {"Retry-After: 7\r\n", 7000},
        {"retry-after:0\r\n", 0},
        {"Retry-After: 99999999999999999999\r\n", 900000},
        {"Retry-After: soon\r\n", -1},
        {"Retry-After: 7 apples\r\n", -1},
        {"Retry-After: -7\r\n", -1},
        {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 0},
        {"Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n", 900000},
        {"Retry-After: Fri, 1 Jan 2100000000 00:00:00 GMT\r\n", 900000},
        {"Retry-After-Sandbox-Create: 3\r\n", 3000},
        {"Retry-After: 2\r\nRetry-After-Sandbox: 5\r\n", 5000},
        {"Retry-Afterwards: 5\r\n", -1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[256];
        AUTO(http_answer) struct http_answer answer;
        snprintf(text, sizeof text, "HTTP/1.1 429 No\r\n%sContent-Length: 0\r\n\r\n",
                 rows[i].headers);
        assert_int_equal(answer_to(bytes_of(text), strlen(text), &answer), HTTP_ANSWERED);
        if (answer.retry_after_ms != rows[i].ms)
            fail_msg("%s: %lld", rows[i].headers, (long long)answer.retry_after_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_cut_at_any_byte_is_none),
        cmocka_unit_test(test_answers_that_contradict_themselves),
        cmocka_unit_test(test_a_redirect_is_not_followed),
        cmocka_unit_test(test_bodies_are_limited),
        cmocka_unit_test(test_headers_are_limited),
        cmocka_unit_test(test_what_is_packed_counts_as_what_it_unpacks_to),
        cmocka_unit_test(test_pieces_are_taken_of_success_alone),
        cmocka_unit_test(test_the_deadline_is_absolute),
        cmocka_unit_test(test_a_call_is_cancelled_from_another_thread),
        cmocka_unit_test(test_what_is_cancelled_before_does_not_leave),
        cmocka_unit_test(test_retry_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
