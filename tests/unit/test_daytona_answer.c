/* Each of Daytona's states and errors, and what is made of it. */
/* Proves: T19b */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "common/base/json.h"
#include "worker/sandbox/daytona/daytona_answer.h"

static void every_state(void **state)
{
    (void)state;
    static const struct {
        enum daytona_step step;
        const char *states;
    } groups[] = {
        {DAYTONA_READY, "started"},
        {DAYTONA_WAIT, "creating starting restoring resuming pending_build building_snapshot "
                       "pulling_snapshot unknown stopping archiving pausing resizing "
                       "snapshotting forking never_heard_of STARTED"},
        {DAYTONA_START, "stopped archived paused"},
        {DAYTONA_FAILED, "error build_failed"},
        {DAYTONA_GONE, "destroying destroyed"},
    };
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        char word[32];
        for (const char *at = groups[i].states; *at; at += strspn(at, " ")) {
            size_t len = strcspn(at, " ");
            memcpy(word, at, len);
            word[len] = '\0';
            assert_int_equal(daytona_step_of(word, false), groups[i].step);
            assert_int_equal(daytona_step_of(word, true), DAYTONA_GONE);
            at += len;
        }
    }
}

static bool read_text(const char *text, struct daytona_sandbox *ret_sandbox)
{
    AUTO(json) json_t *root = NULL;
    struct error err;
    assert_true(json_read_object(bytes_of(text), &root, &err));
    return daytona_read_sandbox(root, ret_sandbox);
}

static void a_sandbox(void **state)
{
    (void)state;
    struct daytona_sandbox sandbox;
    assert_true(
        read_text("{\"id\":\"ab-12\",\"name\":\"cs-x-7-2\",\"state\":\"started\",\"cpu\":2,"
                  "\"memory\":4.0,\"disk\":8,\"new\":[],\"toolboxProxyUrl\":\"https://p.x/t/\","
                  "\"createdAt\":\"2026-11-20T16:05:00.123Z\",\"labels\":{\"countersign\":"
                  "\"i\",\"attempt\":\"7\",\"fence\":\"2\"}}",
                  &sandbox));
    assert_int_equal(sandbox.step, DAYTONA_READY);
    assert_string_equal(sandbox.toolbox, "https://p.x/t");
    assert_true(sandbox.cpu == 2 && sandbox.memory_gib == 4 && sandbox.disk_gib == 8);
    assert_int_equal(sandbox.attempt_id, 7);
    assert_int_equal(sandbox.fence, 2);
    assert_int_equal(sandbox.created_ms, 1795190700000);
    assert_true(
        read_text("{\"id\":\"a\",\"state\":\"started\",\"desiredState\":\"destroyed\"}", &sandbox));
    assert_int_equal(sandbox.step, DAYTONA_GONE);
    assert_int_equal(sandbox.attempt_id, -1);
    assert_true(
        read_text("{\"id\":\"a\",\"cpu\":\"many\",\"labels\":{\"attempt\":\"7x\"}}", &sandbox));
    assert_int_equal(sandbox.step, DAYTONA_WAIT);
    assert_true(sandbox.cpu == 0 && sandbox.attempt_id == -1);
    assert_true(
        read_text("{\"id\":\"a\",\"state\":\"error\",\"errorReason\":\"no\\nroom\"}", &sandbox));
    assert_string_equal(sandbox.reason, "no room");
}

static void when_it_was_made(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"2026-11-20T16:05:00Z", 1795190700000},
        {"2026-11-20T16:05:00.5Z", 1795190700000},
        {"2026-11-20T16:05:00+00:00", 1795190700000},
        {"2026-11-20T16:05:00.123456+0000", 1795190700000},
        {"2026-11-20T18:05:00.1+02:00", 1795190700000},
        {"2026-11-20T16:05:00", 0},
        {"2026-11-20T16:05:00.5 or so", 0},
        {"2026-11-20T16:05:00Z, I think", 0},
        {"yesterday", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct daytona_sandbox sandbox;
        AUTO(buffer) struct buffer text = {0};
        buffer_printf(&text, "{\"id\":\"a\",\"createdAt\":\"%s\"}", cases[i].text);
        assert_true(read_text(text.data, &sandbox));
        assert_int_equal(sandbox.created_ms, cases[i].ms);
    }
}

static void an_empty_address_is_none(void **state)
{
    (void)state;
    struct daytona_sandbox sandbox;
    assert_true(read_text("{\"id\":\"a\",\"toolboxProxyUrl\":\"\"}", &sandbox));
    assert_string_equal(sandbox.toolbox, "");
}

static void what_is_no_sandbox(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"id\":7}",
        "{\"id\":\"\"}",
        "{\"id\":\"../x\"}",
        "{\"id\":\"a/b\"}",
        "{\"id\":\"a\",\"toolboxProxyUrl\":\"ftp://x\"}",
        "{\"id\":\"a\",\"toolboxProxyUrl\":\"https://key@x\"}",
    };
    struct daytona_sandbox sandbox;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(read_text(texts[i], &sandbox));
}

static void errors_of_create(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *message;
        enum error_code code;
    } cases[] = {
        {400, "Total CPU limit exceeded. Maximum allowed: 10.", ERR_THROTTLED},
        {400, "total memory LIMIT EXCEEDED", ERR_THROTTLED},
        {400, "CPU request 9 exceeds maximum allowed per sandbox", ERR_BAD_REQUEST},
        {400, "Snapshot x not found", ERR_BAD_REQUEST},
        {400, "", ERR_BAD_REQUEST},
        {400, "Sandbox failed to start: no runner", ERR_UNAVAILABLE},
        {401, "", ERR_FORBIDDEN},
        {403, "Organization is suspended", ERR_FORBIDDEN},
        {404, "Snapshot x not found", ERR_BAD_REQUEST},
        {404, "Cannot POST /sandbox", ERR_UNAVAILABLE},
        {409, "taken", ERR_CONFLICT},
        {429, "", ERR_THROTTLED},
        {500, "", ERR_LOST},
        {502, "<html>", ERR_LOST},
        {504, "", ERR_LOST},
        {302, "", ERR_UNAVAILABLE},
        {418, "", ERR_UNAVAILABLE},
        {201, "", ERR_LOST},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(daytona_create_error(cases[i].status, cases[i].message), cases[i].code);
    assert_true(daytona_failed_start(400, "Sandbox failed to start: x"));
    assert_false(daytona_failed_start(500, "Sandbox failed to start: x"));
}

static void messages(void **state)
{
    (void)state;
    static const struct {
        const char *body, *text;
    } cases[] = {
        {"{\"statusCode\":400,\"error\":\"Bad Request\",\"message\":\"no\\u0007 cpu\"}", "no  cpu"},
        {"{\"error\":\"Bad Request\"}", "Bad Request"},
        {"{\"message\":\"\",\"error\":\"e\"}", "e"},
        {"{\"message\":[\"x\"]}", ""},
        {"<html>\n502</html>", "<html> 502</html>"},
        {"", ""},
    };
    char text[DAYTONA_TEXT];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        daytona_message(bytes_of(cases[i].body), text);
        assert_string_equal(text, cases[i].text);
    }
    AUTO(buffer) struct buffer body = {0};
    buffer_add_text(&body, "{\"message\":\"");
    for (int i = 0; i < 200; i++)
        buffer_add_text(&body, "\xc3\xa4");
    buffer_add_text(&body, "\"}");
    daytona_message(buffer_bytes(&body), text);
    assert_int_equal(strlen(text), 158); /* whole characters */
}

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool plain, good;
    } cases[] = {
        {"https://app.daytona.io/api", false, true},
        {"https://app.daytona.io/api//", false, true},
        {"http://127.0.0.1:80/api", true, true},
        {"http://127.0.0.1:80/api", false, false},
        {"https://", true, false},
        {"file:///etc/passwd", true, false},
        {"https://a@b/", true, false},
        {"https://a/?x=1", true, false},
        {"https://a/\r\nx: y", true, false},
        {"", true, false},
    };
    char url[DAYTONA_URL];
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(daytona_url(cases[i].text, cases[i].plain, url), cases[i].good);
    assert_true(daytona_url("https://a/b//", false, url));
    assert_string_equal(url, "https://a/b");
}

static void hosts(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host;
        bool good;
    } cases[] = {
        {"https://proxy.app.daytona.io/toolbox", "proxy.app.daytona.io", true},
        {"https://proxy.app.daytona.io", "daytona.io", true},
        {"https://PROXY.app.daytona.io:443/x", "proxy.app.Daytona.io", true},
        {"https://evildaytona.io", "daytona.io", false},
        {"https://daytona.io.evil.net", "daytona.io", false},
        {"https://evil.net/proxy.daytona.io", "daytona.io", false},
        {"https://evil.net:443/.daytona.io", "daytona.io", false},
        {"https://daytona.io", "proxy.daytona.io", false},
        {"http://127.0.0.1:80/t", "127.0.0.1", true},
        {"http://[::1]:80/t", "[::1]", true},
        {"http://[::1]:80/t", "1", false},
        {"https://a", "", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(daytona_host_is(cases[i].url, cases[i].host), cases[i].good);
    assert_true(daytona_is_beside("http://proxy.localhost:4000/t", "http://localhost:3000/api"));
    assert_true(daytona_is_beside("https://[::1]:4000/t", "https://[::1]/api"));
    assert_false(daytona_is_beside("https://app.daytona.io", "https://api.app.daytona.io/api"));
    assert_false(daytona_is_beside("https://evil.net/app.daytona.io", "https://app.daytona.io/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state),
        cmocka_unit_test(a_sandbox),
        cmocka_unit_test(when_it_was_made),
        cmocka_unit_test(an_empty_address_is_none),
        cmocka_unit_test(what_is_no_sandbox),
        cmocka_unit_test(errors_of_create),
        cmocka_unit_test(messages),
        cmocka_unit_test(addresses),
        cmocka_unit_test(hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
