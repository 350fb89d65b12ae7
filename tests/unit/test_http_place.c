/* An address that somebody else named leads neither to this machine nor to its neighbours, however
 * it is spelled, and whatever its name stands for. */
/* Proves: T21 */
#include <arpa/inet.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/io/http_internal.h"
#include "tests/unit/cmocka_all.h"
#include "tests/unit/support/peer.h"

#define FAR_MS 20000

static const char *const near[] = {
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "fe80::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::7f00:1",
    "2001:db8::1",
    "100::1",
};

static const char *const far[] = {
    "1.1.1.1",      "9.255.255.255",  "11.0.0.0",         "100.63.255.255", "100.128.0.0",
    "128.0.0.1",    "169.253.0.1",    "172.15.255.255",   "172.32.0.0",     "192.0.1.1",
    "192.167.0.1",  "198.20.0.1",     "223.255.255.255",  "2606:4700::1",   "2a00:1450::1",
    "2001:4860::1", "::ffff:1.1.1.1", "64:ff9b::101:101",
};

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return http_place_is_public((const struct sockaddr *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return http_place_is_public((const struct sockaddr *)&v6);
}

static void what_all_share_is_public_and_nothing_else(void **state)
{
    (void)state;
    const struct sockaddr local = {.sa_family = AF_UNIX};
    for (size_t i = 0; i < COUNT_OF(near); i++)
        if (is_public(near[i]))
            fail_msg("%s is taken for public", near[i]);
    for (size_t i = 0; i < COUNT_OF(far); i++)
        if (!is_public(far[i]))
            fail_msg("%s is not taken for public", far[i]);
    assert_false(http_place_is_public(&local));
}

static bool hello(struct peer *peer, int fd, int number)
{
    (void)peer, (void)number;
    peer_send(fd, bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    return true;
}

/* What a resolver and a URL make of it: all of them are this machine. */
static const char *const spellings[] = {
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "0x7F.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "0",
    "0.0.0.0",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "127.0.0.001",
};

static void no_spelling_leads_to_this_machine(void **state)
{
    (void)state;
    struct peer peer;
    struct http *client = http_new(&(struct http_options){.plain = true, .idle_max = 2});
    int came = 0;
    peer_start(&peer, hello, NULL);
    for (size_t i = 0; i < 2 * COUNT_OF(spellings); i++) {
        AUTO(http_answer) struct http_answer answer;
        char url[96];
        snprintf(url, sizeof url, "http://%s:%d/", spellings[i / 2], peer.port);
        const struct http_request request = {.method = "GET",
                                             .url = url,
                                             .close = true,
                                             .public_only = i % 2 == 0,
                                             .deadline_ms = clock_monotonic_ms() + FAR_MS};
        bool answered = http_call(client, &request, &answer);
        if (request.public_only && (answered || answer.sent))
            fail_msg("%s was called", url);
        came += answered;
        assert_int_equal(peer_connections(&peer), came);
    }
    assert_true(came > 10); /* they are spellings of an address that answers */
    http_free(client);
    peer_stop(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_all_share_is_public_and_nothing_else),
        cmocka_unit_test(no_spelling_leads_to_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
