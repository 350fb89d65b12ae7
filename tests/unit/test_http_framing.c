/* Proves: T24 */
#include <string.h>

#include "api/http/framing.h"
#include "tests/unit/cmocka_all.h"

#define HEADERS_MAX 6

struct row {
    const char *what;
    const char *method;
    const char *version;
    const char *headers[HEADERS_MAX]; /* "Name: value" */
    enum error_code code;             /* ERR_NONE: accepted */
};

static const struct row rows[] = {
    {"plain", "GET", "HTTP/1.1", {"Host: a"}, ERR_NONE},
    {"with a port", "GET", "HTTP/1.1", {"Host: a.b:80"}, ERR_NONE},
    {"IPv6", "GET", "HTTP/1.1", {"Host: [::1]:8080"}, ERR_NONE},
    {"HTTP/1.0 without a Host", "GET", "HTTP/1.0", {"A: b"}, ERR_NONE},
    {"tab in a value", "GET", "HTTP/1.1", {"Host: a", "X: a\tb"}, ERR_NONE},
    {"UTF-8 in a value", "GET", "HTTP/1.1", {"Host: a", "X: \xc3\xa9"}, ERR_NONE},
    {"length", "POST", "HTTP/1.1", {"Host: a", "Content-Length: 12"}, ERR_NONE},
    {"chunked", "POST", "HTTP/1.1", {"Host: a", "Transfer-Encoding: Chunked"}, ERR_NONE},
    {"expects", "POST", "HTTP/1.1", {"Host: a", "Expect: 100-Continue"}, ERR_NONE},
    {"identity", "POST", "HTTP/1.1", {"Host: a", "Content-Encoding: identity"}, ERR_NONE},
    {"other letters' case", "POST", "HTTP/1.1", {"hOST: a", "content-length: 1"}, ERR_NONE},

    {"no Host", "GET", "HTTP/1.1", {"A: b"}, ERR_BAD_REQUEST},
    {"two Hosts", "GET", "HTTP/1.1", {"Host: a", "HOST: a"}, ERR_BAD_REQUEST},
    {"two Hosts in 1.0", "GET", "HTTP/1.0", {"Host: a", "HOST: a"}, ERR_BAD_REQUEST},
    {"empty Host", "GET", "HTTP/1.1", {"Host: "}, ERR_BAD_REQUEST},
    {"Host with a slash", "GET", "HTTP/1.1", {"Host: a/b"}, ERR_BAD_REQUEST},
    {"Host with a comma", "GET", "HTTP/1.1", {"Host: a,b"}, ERR_BAD_REQUEST},
    {"unknown method", "BREW", "HTTP/1.1", {"Host: a"}, ERR_NOT_IMPLEMENTED},
    {"small method", "get", "HTTP/1.1", {"Host: a"}, ERR_NOT_IMPLEMENTED},
    {"TRACE", "TRACE", "HTTP/1.1", {"Host: a"}, ERR_NOT_IMPLEMENTED},
    {"empty method", "", "HTTP/1.1", {"Host: a"}, ERR_NOT_IMPLEMENTED},
    {"HTTP/0.9", "GET", "HTTP/0.9", {"Host: a"}, ERR_BAD_REQUEST},
    {"HTTP/1.2", "GET", "HTTP/1.2", {"Host: a"}, ERR_BAD_REQUEST},
    {"no version", "GET", "", {"Host: a"}, ERR_BAD_REQUEST},
    {"both framings",
     "POST",
     "HTTP/1.1",
     {"Host: a", "Content-Length: 1", "Transfer-Encoding: chunked"},
     ERR_BAD_REQUEST},
    {"two lengths",
     "POST",
     "HTTP/1.1",
     {"Host: a", "Content-Length: 1", "Content-Length: 2"},
     ERR_BAD_REQUEST},
    {"two equal lengths",
     "POST",
     "HTTP/1.1",
     {"Host: a", "Content-Length: 1", "Content-Length: 1"},
     ERR_BAD_REQUEST},
    {"list of lengths", "POST", "HTTP/1.1", {"Host: a", "Content-Length: 1, 1"}, ERR_BAD_REQUEST},
    {"signed length", "POST", "HTTP/1.1", {"Host: a", "Content-Length: +1"}, ERR_BAD_REQUEST},
    {"negative length", "POST", "HTTP/1.1", {"Host: a", "Content-Length: -1"}, ERR_BAD_REQUEST},
    {"empty length", "POST", "HTTP/1.1", {"Host: a", "Content-Length: "}, ERR_BAD_REQUEST},
    {"length with a tail", "POST", "HTTP/1.1", {"Host: a", "Content-Length: 1x"}, ERR_BAD_REQUEST},
    {"19 digits",
     "POST",
     "HTTP/1.1",
     {"Host: a", "Content-Length: 9223372036854775807"},
     ERR_TOO_LARGE},
    {"gzip", "POST", "HTTP/1.1", {"Host: a", "Transfer-Encoding: gzip"}, ERR_NOT_IMPLEMENTED},
    {"gzip, chunked",
     "POST",
     "HTTP/1.1",
     {"Host: a", "Transfer-Encoding: gzip, chunked"},
     ERR_NOT_IMPLEMENTED},
    {"two codings",
     "POST",
     "HTTP/1.1",
     {"Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"},
     ERR_BAD_REQUEST},
    {"chunked in 1.0",
     "POST",
     "HTTP/1.0",
     {"Host: a", "Transfer-Encoding: chunked"},
     ERR_BAD_REQUEST},
    {"other expectation", "POST", "HTTP/1.1", {"Host: a", "Expect: wonders"}, ERR_EXPECTATION},
    {"two expectations",
     "POST",
     "HTTP/1.1",
     {"Host: a", "Expect: 100-continue", "Expect: 100-continue"},
     ERR_EXPECTATION},
    {"encoded body", "POST", "HTTP/1.1", {"Host: a", "Content-Encoding: gzip"}, ERR_MEDIA_TYPE},
    {"blank before the colon", "GET", "HTTP/1.1", {"Host: a", "X : b"}, ERR_BAD_REQUEST},
    {"empty name", "GET", "HTTP/1.1", {"Host: a", ": b"}, ERR_BAD_REQUEST},
    {"CR in a value", "GET", "HTTP/1.1", {"Host: a", "X: a\rb"}, ERR_BAD_REQUEST},
    {"LF in a value", "GET", "HTTP/1.1", {"Host: a", "X: a\nb"}, ERR_BAD_REQUEST},
    {"control byte in a value", "GET", "HTTP/1.1", {"Host: a", "X: \x01"}, ERR_BAD_REQUEST},
    {"DEL in a value", "GET", "HTTP/1.1", {"Host: a", "X: \x7f"}, ERR_BAD_REQUEST},
};

struct parsed {
    char names[HEADERS_MAX][64];
    struct header headers[HEADERS_MAX];
    struct head head;
};

static void parse(const struct row *row, struct parsed *parsed)
{
    size_t count = 0;
    for (; count < HEADERS_MAX && row->headers[count]; count++) {
        const char *text = row->headers[count];
        const char *colon = strstr(text, ": ");
        size_t len = (size_t)(colon - text);
        memcpy(parsed->names[count], text, len);
        parsed->names[count][len] = '\0';
        parsed->headers[count] =
            (struct header){parsed->names[count], colon + 2, len, strlen(colon + 2)};
    }
    parsed->head = (struct head){row->method, row->version, parsed->headers, count};
}

static void test_every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct parsed parsed;
        struct framing framing;
        struct error err = {0};
        parse(&rows[i], &parsed);
        bool fine = framing_check(&parsed.head, &framing, &err);
        if (fine != (rows[i].code == ERR_NONE) || (!fine && err.code != rows[i].code))
            fail_msg("%s: %s %s", rows[i].what, error_name(err.code), err.text);
    }
}

static void test_what_was_said_comes_out(void **state)
{
    (void)state;
    const struct row row = {"",
                            "DELETE",
                            "HTTP/1.1",
                            {"Host: a", "Content-Length: 1234567890123", "Expect: 100-continue"},
                            ERR_NONE};
    struct parsed parsed;
    struct framing framing;
    struct error err = {0};
    parse(&row, &parsed);
    assert_true(framing_check(&parsed.head, &framing, &err));
    assert_int_equal(framing.method, METHOD_DELETE);
    assert_int_equal(framing.content_length, 1234567890123);
    assert_true(framing.expects_continue);
    assert_false(framing.chunked);
    assert_string_equal(framing_header(&parsed.head, "HOST"), "a");
    assert_null(framing_header(&parsed.head, "Cookie"));
}

static void test_nul_inside_is_seen_by_its_length(void **state)
{
    (void)state;
    const struct header value[] = {{"Host", "a", 4, 1}, {"X", "a\0b", 1, 3}};
    const struct header name[] = {{"Host", "a", 4, 1}, {"X\0Y", "b", 3, 1}};
    struct framing framing;
    struct error err = {0};
    assert_false(framing_check(&(struct head){"GET", "HTTP/1.1", value, 2}, &framing, &err));
    assert_false(framing_check(&(struct head){"GET", "HTTP/1.1", name, 2}, &framing, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row),
        cmocka_unit_test(test_what_was_said_comes_out),
        cmocka_unit_test(test_nul_inside_is_seen_by_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
