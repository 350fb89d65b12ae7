/* The small readers of headers: cookies, idempotency keys; the router; places. */
#include <string.h>

#include "api/http/cookie.h"
#include "api/requests/idempotency.h"
#include "api/live/listener.h"
#include "api/live/parks.h"
#include "api/live/places.h"
#include "api/http/reply.h"
#include "api/http/router.h"
#include "tests/unit/cmocka_all.h"

static void test_cookie(void **state)
{
    (void)state;
    static const struct {
        const char *header, *value; /* NULL: refused */
    } rows[] = {
        {NULL, ""},         {"", ""},
        {"s=1", "1"},       {"a=b; s=1", "1"},
        {"s=1; a=b", "1"},  {"ss=2; s=1", "1"},
        {"as=2", ""},       {"s", ""},
        {"s=", ""},         {"a=b;s=1", "1"},
        {"s=1 ", "1"},      {"a=b;   s=x=y", "x=y"},
        {"s=1; s=1", NULL}, {"s=1; a=b; s=2", NULL},
        {"s=; s=1", NULL},  {"a=s=1", ""},
        {"S=1", ""},        {"s=0123456789abcdef", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char value[16];
        struct error err = {0};
        bool fine = cookie_read(rows[i].header, "s", value, sizeof value, &err);
        if (fine != (rows[i].value != NULL) || (fine && strcmp(value, rows[i].value) != 0))
            fail_msg("%s gave %s", rows[i].header, value);
    }
}

static void test_idempotency_key(void **state)
{
    (void)state;
    char long_key[300];
    memset(long_key, 'k', sizeof long_key);
    long_key[255] = '\0';
    const struct {
        const char *header, *key;
    } rows[] = {
        {"\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
        {"8e03978e", "8e03978e"},
        {"\"a b\"", "a b"},
        {"\"a\\\"b\\\\c\"", "a\"b\\c"},
        {long_key, long_key},
        {"", NULL},
        {"\"\"", NULL},
        {"\"a", NULL},
        {"a\"", NULL},
        {"\"a\"b", NULL},
        {"\"a\"; x=1", NULL},
        {"\"a\\b\"", NULL},
        {"a b", NULL},
        {"a,b", NULL},
        {"a;b", NULL},
        {"\"\xc3\xa9\"", NULL},
        {"a\tb", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char key[IDEMPOTENCY_KEY_SIZE];
        struct error err = {0};
        bool fine = idempotency_key_read(rows[i].header, key, &err);
        if (fine != (rows[i].key != NULL) || (fine && strcmp(key, rows[i].key) != 0))
            fail_msg("%s: %s", rows[i].header, err.text);
        if (!fine)
            assert_string_equal(err.field, "Idempotency-Key");
    }
    long_key[255] = 'k';
    long_key[256] = '\0';
    char key[IDEMPOTENCY_KEY_SIZE];
    struct error err = {0};
    assert_false(idempotency_key_read(long_key, key, &err));
}

static void test_router(void **state)
{
    (void)state;
    static const struct {
        enum method method;
        const char *path;
        const char *route; /* NULL: refused */
        int64_t first, second;
    } rows[] = {
        {METHOD_GET, "/", "/", 0, 0},
        {METHOD_HEAD, "/healthz", "/healthz", 0, 0},
        {METHOD_GET, "/api/requests/12", "/api/requests/{id}", 12, 0},
        {METHOD_GET, "/api/requests/12/revisions/3", "/api/requests/{id}/revisions/{id}", 12, 3},
        {METHOD_POST, "/api/requests/999999999999999999/undo", "/api/requests/{id}/undo",
         999999999999999999, 0},
        {METHOD_POST, "/api/requests:batch", "/api/requests:batch", 0, 0},
        {METHOD_GET, "/assets/main-1.js", "/assets/*", 0, 0},
        {METHOD_GET, "/assets/", NULL, 0, 0},
        {METHOD_GET, "/api/requests/0", NULL, 0, 0},
        {METHOD_GET, "/api/requests/007", NULL, 0, 0},
        {METHOD_GET, "/api/requests/1000000000000000000", NULL, 0, 0},
        {METHOD_GET, "/api/requests/12x", NULL, 0, 0},
        {METHOD_GET, "/api/requests/", NULL, 0, 0},
        {METHOD_GET, "/api/requests/12/", NULL, 0, 0},
        {METHOD_GET, "/api/request", NULL, 0, 0},
        {METHOD_DELETE, "/api/requests/12", NULL, 0, 0},
        {METHOD_HEAD, "/api/login", NULL, 0, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct route *route = NULL;
        int64_t ids[ROUTE_IDS_MAX] = {0};
        struct error err = {0};
        bool fine = router_find(rows[i].method, rows[i].path, &route, ids, &err);
        if (fine != (rows[i].route != NULL))
            fail_msg("%s %s", method_names[rows[i].method], rows[i].path);
        if (!fine)
            continue;
        assert_string_equal(route->path, rows[i].route);
        assert_int_equal(ids[0], rows[i].first);
        assert_int_equal(ids[1], rows[i].second);
    }
}

static void test_allow(void **state)
{
    (void)state;
    AUTO(buffer) struct buffer known = {0}, unknown = {0};
    router_allow("/api/requests", &known);
    router_allow("/nope", &unknown);
    assert_string_equal(known.data, "GET, HEAD, POST");
    assert_int_equal(unknown.len, 0);
}

/* Reading the table as an attacker would. */
static void test_no_route_changes_anything_for_nobody(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *route = &route_table[i];
        bool changes = route->method != METHOD_GET;
        bool is_login =
            strcmp(route->path, "/api/login") == 0 || strncmp(route->path, "/api/oidc/", 10) == 0;
        if (changes && !is_login && route->access == ACCESS_ANYONE)
            fail_msg("%s changes something for nobody", route->path);
        if (strncmp(route->path, "/api/", 5) == 0 && !changes &&
            strcmp(route->path, "/api/instance") != 0 && route->access == ACCESS_ANYONE)
            fail_msg("%s can be read by nobody", route->path);
        if (strstr(route->path, "/decisions") &&
            (route->roles != ROLE_REVIEWER || route->scope != SCOPE_DECIDE))
            fail_msg("%s is for reviewers", route->path);
    }
}

static void test_places(void **state)
{
    (void)state;
    struct places *places = places_new(2);
    assert_true(places_take(places, 1));
    assert_true(places_take(places, 1));
    assert_false(places_take(places, 1));
    assert_true(places_take(places, 1025)); /* the same bucket, somebody else */
    places_give(places, 1);
    assert_true(places_take(places, 1));
    places_give(places, 1);
    places_give(places, 1);
    places_give(places, 1025);
    places_give(places, 77); /* nobody's: nothing happens */
    places_free(places);
}

static void test_states_that_keep_a_poll_waiting(void **state)
{
    (void)state;
    assert_true(parks_state_waits("pending", false));
    assert_true(parks_state_waits("pending", true));
    assert_false(parks_state_waits("approved", false));
    assert_true(parks_state_waits("approved", true));
    assert_true(parks_state_waits("running", true));
    assert_false(parks_state_waits("changes_requested", false));
    assert_false(parks_state_waits("outcome_unknown", true));
    assert_false(parks_state_waits("succeeded", true));
    assert_false(parks_state_waits("rejected", false));
    assert_false(parks_state_waits("a state of the future", true));
}

static void test_a_replay_is_not_told_twice(void **state)
{
    (void)state;
    static const struct {
        const char *replayed, *block;
        bool told;
    } rows[] = {
        {"", "id: 1-1\nevent: request\n", false},
        {"5-3", "id: 5-3\nevent: request\n", true},
        {"5-3", "id: 5-2\nevent: request\n", true},
        {"5-3", "id: 4-99\nevent: request\n", true},
        {"5-3", "id: 5-4\nevent: request\n", false},
        {"5-3", "id: 6-0\nevent: request\n", false},
        {"1763656800123-9", "id: 1763656800123-10\n", false},
        {"5-3", "event: reset\n", false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (listener_was_told(rows[i].replayed, rows[i].block) != rows[i].told)
            fail_msg("%s after %s", rows[i].block, rows[i].replayed);
}

static bool has_pair(const struct reply *reply, bool tls, const char *name, const char *value)
{
    struct reply_pair pairs[REPLY_ALL_HEADERS_MAX];
    size_t count = reply_all_headers(reply, tls, pairs);
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return strstr(pairs[i].value, value) != NULL;
    return false;
}

static void test_errors_speak_one_language(void **state)
{
    (void)state;
    struct reply reply = {0};
    struct error err = {0};
    fail_field(&err, ERR_INVALID_FIELD, "code", "line 1: \"quoted\" \xc3");
    reply_error(&reply, &err);
    assert_int_equal(reply.status, 400);
    assert_string_equal(reply.body.data,
                        "{\"error\":{\"code\":\"invalid_field\",\"message\":\"line 1: "
                        "\\\"quoted\\\" \",\"field\":\"code\"}}");
    assert_true(has_pair(&reply, false, "Content-Security-Policy", "frame-ancestors 'none'"));
    assert_false(has_pair(&reply, false, "Strict-Transport-Security", "max-age"));
    assert_true(has_pair(&reply, true, "Strict-Transport-Security", "max-age"));
    fail(&err, ERR_INTERNAL, "select * from cs.password");
    reply_error(&reply, &err);
    assert_int_equal(reply.status, 500);
    assert_null(strstr(reply.body.data, "select"));
    fail(&err, ERR_UNAVAILABLE, "away");
    reply_error(&reply, &err);
    assert_true(has_pair(&reply, false, "Retry-After", "1"));
    reply_clear(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cookie),
        cmocka_unit_test(test_idempotency_key),
        cmocka_unit_test(test_router),
        cmocka_unit_test(test_allow),
        cmocka_unit_test(test_no_route_changes_anything_for_nobody),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_states_that_keep_a_poll_waiting),
        cmocka_unit_test(test_a_replay_is_not_told_twice),
        cmocka_unit_test(test_errors_speak_one_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
