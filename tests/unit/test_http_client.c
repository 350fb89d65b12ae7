/* Proves: T19a T19b T21 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/io/http_internal.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/support/peer.h"

#define FAR_MS 20000 /* a deadline that is not what is looked at */

static struct http *client;

static int start(void **state)
{
    (void)state;
    client = http_new(&(struct http_options){.plain = true, .idle_max = 2});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_free(client);
    return 0;
}

static struct http_request get(const struct peer *peer)
{
    return (struct http_request){
        .method = "GET", .url = peer->url, .deadline_ms = clock_monotonic_ms() + FAR_MS};
}

static bool call(const struct http_request *request, struct http_answer *answer)
{
    return http_call(client, request, answer);
}

/* The peer's context is the text that it answers with, to each request. */
static bool say(struct peer *peer, int fd, int number)
{
    (void)number;
    peer_send(fd, bytes_of(peer->context));
    return true;
}

static bool say_and_close(struct peer *peer, int fd, int number)
{
    return say(peer, fd, number) && false;
}

/* ---- what is sent --------------------------------------------------------------------------- */

static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

static void test_a_call_and_its_answer(void **state)
{
    (void)state;
    struct peer peer;
    AUTO(http_answer) struct http_answer answer;
    peer_start(&peer, say,
               "HTTP/1.1 201 Made\r\nX-Next-Token: abc\r\nContent-Length: 5\r\n\r\nhello");
    struct http_request request = get(&peer);
    request.method = "POST";
    request.headers[0] = (struct http_header){"X-Key", "secret"};
    request.headers[1] = (struct http_header){"X-None", NULL};
    request.headers[2] = (struct http_header){"X-Empty", ""};
    request.body = bytes_of("{}");
    request.content_type = "application/json";
    request.wanted = "x-next-token";
    assert_true(call(&request, &answer));
    assert_int_equal(answer.status, 201);
    assert_string_equal(answer.body.data, "hello");
    assert_string_equal(answer.wanted, "abc");
    assert_int_equal(answer.retry_after_ms, -1);
    assert_true(answer.sent);
    assert_true(peer_saw(&peer, "POST / HTTP/1.1\r\n"));
    assert_true(peer_saw(&peer, "\r\nX-Key: secret\r\n"));
    assert_true(peer_saw(&peer, "\r\nX-Empty:\r\n"));
    assert_true(peer_saw(&peer, "\r\nContent-Type: application/json\r\n"));
    assert_true(peer_saw(&peer, "\r\n\r\n{}"));
    assert_false(peer_saw(&peer, "X-None"));
    assert_false(peer_saw(&peer, "Expect"));
    stop(NULL), start(NULL); /* closes the connection, which peer_stop waits for */
    peer_stop(&peer);
}

static void test_an_empty_post_says_that_it_is_empty(void **state)
{
    (void)state;
    struct peer peer;
    AUTO(http_answer) struct http_answer answer;
    peer_start(&peer, say_and_close, hello);
    struct http_request request = get(&peer);
    request.method = "POST";
    assert_true(call(&request, &answer));
    assert_true(peer_saw(&peer, "\r\nContent-Length: 0\r\n"));
    assert_false(peer_saw(&peer, "Content-Type"));
    peer_stop(&peer);
}

static int file_of(const char *text)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static void test_a_file_is_sent_from_its_start(void **state)
{
    (void)state;
    struct peer peer;
    AUTO(http_answer) struct http_answer answer;
    peer_start(&peer, say_and_close, hello);
    const struct http_part file = {.fd = file_of("from a file"), .size = 11};
    struct http_request request = get(&peer);
    request.method = "POST";
    request.file = &file;
    request.content_type = "application/octet-stream";
    assert_true(call(&request, &answer));
    assert_true(peer_saw(&peer, "\r\nContent-Length: 11\r\n"));
    assert_true(peer_saw(&peer, "\r\n\r\nfrom a file"));
    close(file.fd);
    peer_stop(&peer);
}

static void test_a_form_carries_bytes_and_files(void **state)
{
    (void)state;
    struct peer peer;
    AUTO(http_answer) struct http_answer answer;
    peer_start(&peer, say_and_close, hello);
    const struct http_part parts[] = {
        {"file", "/tmp/a.txt", bytes_of("bytes"), -1, 5},
        {"other", NULL, {NULL, 0}, file_of("from a file"), 11},
    };
    struct http_request request = get(&peer);
    request.method = "POST";
    request.parts = parts;
    request.part_count = 2;
    assert_true(call(&request, &answer));
    assert_true(peer_saw(&peer, "\r\nContent-Type: multipart/form-data; boundary="));
    assert_true(peer_saw(&peer, "form-data; name=\"file\"; filename=\"/tmp/a.txt\"\r\n"));
    assert_true(peer_saw(&peer, "\r\n\r\nbytes\r\n"));
    assert_true(peer_saw(&peer, "form-data; name=\"other\"\r\n"));
    assert_true(peer_saw(&peer, "\r\n\r\nfrom a file\r\n"));
    close(parts[1].fd);
    peer_stop(&peer);
}

static void test_nothing_odd_leaves(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *name, *value, *type;
    } rows[] = {
        {"GET", "/", "X-A", "b\r\nX-C: d", NULL},
        {"GET", "/", "X-A", "b\x01", NULL},
        {"GET", "/", "X-A", "b\x7f", NULL},
        {"GET", "/", "X-A: b\r\nX", "c", NULL},
        {"GET", "/", "", "c", NULL},
        {"GET", "/", "X A", "c", NULL},
        {"GET", "/", "X-A", "b", "a\nb"},
        {"GE T", "/", "X-A", "b", NULL},
        {"", "/", "X-A", "b", NULL},
        {"GET", "/a b", "X-A", "b", NULL},
        {"GET", "/\r\n", "X-A", "b", NULL},
    };
    struct peer peer;
    peer_start(&peer, say_and_close, hello);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(http_answer) struct http_answer answer;
        AUTO(buffer) struct buffer url = {0};
        buffer_printf(&url, "%s%s", peer.url, rows[i].path);
        struct http_request request = get(&peer);
        request.method = rows[i].method;
        request.url = url.data;
        request.headers[0] = (struct http_header){rows[i].name, rows[i].value};
        request.content_type = rows[i].type;
        if (call(&request, &answer) || answer.end != HTTP_NOT_SENT || answer.sent)
            fail_msg("row %zu was sent", i);
    }
    assert_int_equal(peer_connections(&peer), 0);
    peer_stop(&peer);
}

static void test_only_addresses_that_may_be_called(void **state)
{
    (void)state;
    static const char *const urls[] = {"http://127.0.0.1:1/", "ftp://127.0.0.1/",
                                       "file:///etc/passwd",  "https://user@127.0.0.1:1/",
                                       "HTTP://127.0.0.1:1/", ""};
    struct http *strict = http_new(&(struct http_options){0});
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct http_answer answer;
        const struct http_request request = {
            .method = "GET", .url = urls[i], .deadline_ms = clock_monotonic_ms() + FAR_MS};
        assert_false(http_call(strict, &request, &answer));
        assert_int_equal(answer.end, HTTP_NOT_SENT);
        http_answer_auto(&answer);
    }
    http_free(strict);
}

static void test_refused_is_not_sent(void **state)
{
    (void)state;
    struct peer peer;
    AUTO(http_answer) struct http_answer answer;
    peer_start(&peer, say, hello);
    struct http_request request = get(&peer);
    peer_stop(&peer); /* nobody listens there any more */
    assert_false(call(&request, &answer));
    assert_int_equal(answer.end, HTTP_NOT_SENT);
    assert_false(answer.sent);
    assert_int_equal(answer.status, 0);
    assert_non_null(strstr(answer.text, "not sent"));
}

/* ---- connections ------------------------------------------------------------------------------
 */

static void test_connections_are_kept_and_no_more_than_wanted(void **state)
{
    (void)state;
    struct peer peers[4];
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        peer_start(&peers[i], say, hello);
        for (int turn = 0; turn < 3; turn++) {
            AUTO(http_answer) struct http_answer answer;
            struct http_request request = get(&peers[i]);
            request.method = turn == 1 ? "POST" : "GET";
            assert_true(call(&request, &answer));
        }
        assert_int_equal(peer_connections(&peers[i]), 1);
    }
    assert_int_equal(client->idle_count, 2);
    peer_stop(&peers[0]); /* which ends only when its connection was closed */
    peer_stop(&peers[1]);
    struct http_request request = get(&peers[3]);
    struct http_answer answer;
    request.close = true;
    assert_true(call(&request, &answer));
    http_answer_auto(&answer);
    assert_int_equal(client->idle_count, 1);
    peer_stop(&peers[3]);
    stop(NULL), start(NULL);
    peer_stop(&peers[2]);
}

/* Answers the first request; closes at the second without a word. */
static bool die_second(struct peer *peer, int fd, int number)
{
    return number != 2 && say(peer, fd, number);
}

static void test_a_dead_connection_sends_nothing_twice(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        bool repeatable;
        enum http_end end;
        int requests;
    } rows[] = {{"POST", false, HTTP_CUT, 2},
                {"POST", true, HTTP_ANSWERED, 3},
                {"GET", false, HTTP_ANSWERED, 3},
                {"DELETE", false, HTTP_ANSWERED, 3}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct peer peer;
        peer_start(&peer, die_second, hello);
        for (int turn = 0; turn < 2; turn++) {
            AUTO(http_answer) struct http_answer answer;
            struct http_request request = get(&peer);
            request.method = turn == 0 ? "GET" : rows[i].method;
            request.body = turn == 0 ? (struct bytes){0} : bytes_of("body");
            request.repeatable = rows[i].repeatable;
            (void)!call(&request, &answer);
            assert_int_equal(answer.end, turn == 0 ? HTTP_ANSWERED : rows[i].end);
            assert_true(answer.sent);
        }
        assert_int_equal(peer_requests(&peer), rows[i].requests);
        stop(NULL), start(NULL);
        peer_stop(&peer);
    }
}

/* ---- time ----------------------------------------------------------------------------------- */

static bool take_slowly(void *context, struct bytes piece)
{
    const struct http_request *request = *(const struct http_request **)context;
    (void)piece;
    while (clock_monotonic_ms() <= request->deadline_ms)
        usleep(10000);
    return true;
}

/* Whoever takes the answer was late, not the answer. */
static void test_what_came_in_time_is_read(void **state)
{
    (void)state;
    struct peer peer;
    AUTO(http_answer) struct http_answer answer;
    AUTO(buffer) struct buffer text = {0};
    buffer_add_text(&text, "HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n");
    for (int i = 0; i < 40000; i++)
        buffer_add_text(&text, "0123456789");
    peer_start(&peer, say_and_close, text.data);
    struct http_request request = get(&peer);
    const struct http_request *context = &request;
    request.deadline_ms = clock_monotonic_ms() + 300;
    request.take = take_slowly;
    request.context = &context;
    assert_true(call(&request, &answer));
    assert_int_equal(answer.end, HTTP_ANSWERED);
    peer_stop(&peer);
}

/* ---- TLS --------------------------------------------------------------------------------------
 */

static bool never(struct peer *peer, int fd, int number)
{
    (void)peer, (void)fd, (void)number;
    return false;
}

static void test_plain_where_tls_is_asked_for(void **state)
{
    (void)state;
    struct peer peer;
    AUTO(http_answer) struct http_answer answer;
    peer_start(&peer, never, NULL);
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", peer.port);
    struct http_request request = get(&peer);
    request.url = url;
    request.deadline_ms = clock_monotonic_ms() + 300; /* it waits for an answer to its greeting */
    assert_false(call(&request, &answer));
    assert_false(answer.sent);
    peer_stop(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_and_its_answer),
        cmocka_unit_test(test_an_empty_post_says_that_it_is_empty),
        cmocka_unit_test(test_a_file_is_sent_from_its_start),
        cmocka_unit_test(test_a_form_carries_bytes_and_files),
        cmocka_unit_test(test_nothing_odd_leaves),
        cmocka_unit_test(test_only_addresses_that_may_be_called),
        cmocka_unit_test(test_refused_is_not_sent),
        cmocka_unit_test(test_connections_are_kept_and_no_more_than_wanted),
        cmocka_unit_test(test_a_dead_connection_sends_nothing_twice),
        cmocka_unit_test(test_what_came_in_time_is_read),
        cmocka_unit_test(test_plain_where_tls_is_asked_for),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
