/* Who asks: what the headers of a request say, and what a route wants of it. */
/* Proves: T27 */
#include "tests/unit/cmocka_all.h"

#include <string.h>

#include "api/api.h"
#include "api/http/cookie.h"
#include "api/sign_in/factor.h"
#include "api/sign_in/known_tokens.h"
#include "common/base/clock.h"
#include "tests/unit/support/script.h"

#define HEADERS_MAX 3

struct given {
    const char *name;
    const char *value;
};

static struct header headers[HEADERS_MAX];
static struct factors *factors;
static const struct route changing = {
    .method = METHOD_POST, .access = ACCESS_SIGNED_IN, .scope = SCOPE_SUBMIT};

/* A request with these headers, up to the first without a name. */
static struct exchange asked(const struct given given[HEADERS_MAX], const struct route *route)
{
    struct exchange exchange = {.route = route, .head = {.headers = headers}};
    for (size_t i = 0; i < HEADERS_MAX && given[i].name; i++) {
        headers[i] = (struct header){.name = given[i].name, .value = given[i].value};
        exchange.head.header_count++;
    }
    return exchange;
}

static void pages_of_other_sites_are_refused(void **state)
{
    static const struct {
        bool tls;
        struct given headers[HEADERS_MAX];
        enum error_code code;
    } rows[] = {
        {false, {{"Host", "a:1"}}, ERR_NONE},
        {false, {{"Host", "a:1"}, {"Origin", "http://a:1"}}, ERR_NONE},
        {false, {{"Host", "a:1"}, {"Origin", "HTTP://A:1"}}, ERR_NONE},
        {false, {{"Host", "a:1"}, {"Origin", "http://a:2"}}, ERR_BAD_ORIGIN},
        {false, {{"Host", "a:1"}, {"Origin", "https://a:1"}}, ERR_BAD_ORIGIN},
        {false, {{"Host", "a:1"}, {"Origin", "http://known.test"}}, ERR_NONE},
        {false, {{"Origin", "http://a:1"}}, ERR_BAD_ORIGIN},
        {true, {{"Host", "a:1"}, {"Origin", "http://a:1"}}, ERR_BAD_ORIGIN},
        {true, {{"Host", "a:1"}, {"Origin", "http://known.test"}}, ERR_NONE},
        {false, {{"Origin", "null"}}, ERR_BAD_ORIGIN},
        {false, {{"Origin", "http://known.test"}, {"Origin", "http://b"}}, ERR_BAD_REQUEST},
        {false, {{"Sec-Fetch-Site", "none"}, {"Sec-Fetch-Site", "none"}}, ERR_BAD_REQUEST},
        {false, {{"Sec-Fetch-Site", "none"}}, ERR_NONE},
        {false, {{"Sec-Fetch-Site", "same-origin"}}, ERR_NONE},
        {false, {{"Sec-Fetch-Site", "same-site"}}, ERR_BAD_ORIGIN},
        {false, {{"Sec-Fetch-Site", "cross-site"}}, ERR_BAD_ORIGIN},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct api api = {.origin = "http://known.test", .tls = rows[i].tls};
        const struct exchange exchange = asked(rows[i].headers, &changing);
        struct error err = {0};
        assert_int_equal(identity_check_origin(&api, &exchange, &err), rows[i].code == ERR_NONE);
        assert_int_equal(err.code, rows[i].code);
    }
}

static void without_an_address_of_our_own_the_host_decides(void **state)
{
    static const struct given given[HEADERS_MAX] = {{"Host", "a:1"}, {"Origin", ""}};
    (void)state;
    const struct api api = {0};
    const struct exchange exchange = asked(given, &changing);
    struct error err = {0};
    assert_false(identity_check_origin(&api, &exchange, &err));
    assert_int_equal(err.code, ERR_BAD_ORIGIN);
}

static void credentials_are_one_and_well_formed(void **state)
{
    char long_token[SESSION_TOKEN_MAX + 8] = "Bearer ";
    memset(long_token + 7, 'a', SESSION_TOKEN_MAX);
    const struct {
        struct given headers[HEADERS_MAX];
        enum error_code code;
    } rows[] = {
        {{{"Cookie", "s=1"}, {"Cookie", "t=2"}}, ERR_BAD_REQUEST},
        {{{"Authorization", "Bearer a"}, {"Authorization", "Bearer a"}}, ERR_BAD_REQUEST},
        {{{"Cookie", "s=1"}, {"Authorization", "Bearer a"}}, ERR_BAD_REQUEST},
        {{{"Authorization", "Basic YTph"}}, ERR_UNAUTHENTICATED},
        {{{"Authorization", "Bearer "}}, ERR_UNAUTHENTICATED},
        {{{"Authorization", "Bearer a b"}}, ERR_UNAUTHENTICATED},
        {{{"Authorization", "Bearer a,b"}}, ERR_UNAUTHENTICATED},
        {{{"Authorization", long_token}}, ERR_UNAUTHENTICATED},
        {{{"Cookie", "other=1"}}, ERR_NONE},
        {{{NULL, NULL}}, ERR_NONE},
    };
    struct api api = {.cookie_name = "s"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct exchange exchange = asked(rows[i].headers, &changing);
        struct identity who = {.person_id = 9};
        struct error err = {0};
        bool fine = identity_find(&api, NULL, &exchange, &who, &err);
        assert_int_equal(err.code, rows[i].code);
        assert_int_equal(fine, rows[i].code == ERR_NONE);
        assert_int_equal(who.person_id, 0); /* nobody was looked up */
    }
}

#define ANALYST .person_id = 1, .human = true, .roles = ROLE_ANALYST
#define TOKEN(what) .token_id = 2, .scopes = (what)

static void a_route_says_who_may_use_it(void **state)
{
    static const struct {
        struct route route;
        struct identity who;
        enum error_code code;
    } rows[] = {
        {{.access = ACCESS_ANYONE}, {0}, ERR_NONE},
        {{.access = ACCESS_SIGNED_IN}, {0}, ERR_UNAUTHENTICATED},
        {{.access = ACCESS_SIGNED_IN}, {ANALYST, .session_id = 1}, ERR_NONE},
        {{.access = ACCESS_SESSION}, {ANALYST, .session_id = 1}, ERR_NONE},
        {{.access = ACCESS_SESSION, .scope = SCOPE_READ},
         {ANALYST, TOKEN(SCOPE_READ)},
         ERR_FORBIDDEN},
        {{.access = ACCESS_SIGNED_IN}, {ANALYST, TOKEN(SCOPE_READ)}, ERR_FORBIDDEN},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_READ}, {ANALYST, TOKEN(SCOPE_READ)}, ERR_NONE},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_SUBMIT},
         {ANALYST, TOKEN(SCOPE_READ)},
         ERR_FORBIDDEN},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_DECIDE},
         {ANALYST, TOKEN(SCOPE_DECIDE)},
         ERR_NONE},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_DECIDE},
         {.person_id = 1, .roles = ROLE_AGENT, TOKEN(SCOPE_DECIDE)},
         ERR_WRONG_ROLE},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_ADMIN},
         {.person_id = 1, .roles = ROLE_AGENT, TOKEN(SCOPE_ADMIN)},
         ERR_WRONG_ROLE},
        {{.access = ACCESS_SIGNED_IN, .scope = SCOPE_READ | SCOPE_SUBMIT},
         {ANALYST, TOKEN(SCOPE_DECIDE)},
         ERR_FORBIDDEN},
        {{.access = ACCESS_SIGNED_IN, .roles = ROLE_ADMIN},
         {ANALYST, .session_id = 1},
         ERR_WRONG_ROLE},
        {{.access = ACCESS_SIGNED_IN, .roles = ROLE_ADMIN | ROLE_ANALYST},
         {ANALYST, .session_id = 1},
         ERR_NONE},
    };
    static const struct given none[HEADERS_MAX];
    const struct api api = {.factors = factors};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct exchange exchange = asked(none, &rows[i].route);
        struct error err = {0};
        bool fine = identity_check(&api, &exchange, &rows[i].who, &err);
        assert_int_equal(err.code, rows[i].code);
        assert_int_equal(fine, rows[i].code == ERR_NONE);
    }
}

static void a_change_by_cookie_brings_the_token_of_its_session(void **state)
{
    struct identity who = {ANALYST, .session_id = 1};
    identity_csrf("css_one", who.csrf);
    char longer[CSRF_SIZE + 1], other[CSRF_SIZE];
    memcpy(longer, who.csrf, CSRF_SIZE - 1);
    memcpy(longer + CSRF_SIZE - 1, "0", 2);
    identity_csrf("css_two", other);
    const struct {
        const char *sent;
        bool fine;
    } rows[] = {{NULL, false}, {"", false}, {longer, false}, {other, false}, {who.csrf, true}};
    const struct api api = {.factors = factors};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct given given[HEADERS_MAX] = {
            {rows[i].sent ? "X-CSRF-Token" : NULL, rows[i].sent}};
        const struct exchange exchange = asked(given, &changing);
        struct error err = {0};
        assert_int_equal(identity_check(&api, &exchange, &who, &err), rows[i].fine);
        assert_int_equal(err.code, rows[i].fine ? ERR_NONE : ERR_CSRF);
    }
}

/* Each of the two is good by itself. */
static void a_session_and_a_token_are_one_too_many(void **state)
{
    (void)state;
    static const struct given both[HEADERS_MAX] = {{"Cookie", "cs_session=css_one"},
                                                   {"Authorization", "Bearer cst_one"}};
    static const struct route submitting = {
        .method = METHOD_POST, .scope = SCOPE_SUBMIT, .body = BODY_JSON};
    struct api api = {.cookie_name = "cs_session", .known_tokens = known_tokens_new()};
    uint8_t digest[SHA256_SIZE];
    struct identity who = {.person_id = 7};
    struct error err = {0};
    sha256(bytes_of("cst_one"), digest);
    known_tokens_put(api.known_tokens, digest, clock_monotonic_ms(), &who);
    struct exchange exchange = asked(both, &submitting);
    assert_false(identity_find(&api, NULL, &exchange, &who, &err));
    assert_int_equal(err.code, ERR_BAD_REQUEST);
    headers[0] = headers[1];
    exchange.head.header_count = 1;
    assert_true(identity_find(&api, NULL, &exchange, &who, &err));
    assert_int_equal(who.person_id, 7);
    known_tokens_free(api.known_tokens);
}

#define PERSON "7::int8, 'ana', 'Ana', 'human', "
#define TOKEN_ROW "select 3::int8, " PERSON "null::int8, 'analyst,reviewer', '1,2', "
#define SESSION_ROW                                                                                \
    "select 4::int8, " PERSON "9::int8, 'agent,admin', '', '', '2030-01-01', true, "               \
    "'2029-12-31', true, true"

static enum error_code find(const struct route *route, const char *name, const char *value,
                            struct identity *ret_who)
{
    struct api api = {.cookie_name = "s", .known_tokens = known_tokens_new()};
    const struct given given[HEADERS_MAX] = {{name, value}};
    const struct exchange exchange = asked(given, route);
    struct error err = {0};
    bool fine = identity_find(&api, NULL, &exchange, ret_who, &err);
    known_tokens_free(api.known_tokens);
    assert_int_equal(fine, err.code == ERR_NONE);
    return err.code;
}

static void a_token_is_who_the_database_says(void **state)
{
    static const struct route reading = {.scope = SCOPE_READ, .body = BODY_JSON};
    static const struct route deciding = {.scope = SCOPE_DECIDE, .body = BODY_JSON};
    struct identity who;
    (void)state;
    script_fail("token_check", ERR_UNAVAILABLE);
    script_answer("token_check", "select 1 where false");
    script_answer("token_check", TOKEN_ROW "'read,decide,unheard', true, false");
    assert_int_equal(find(&reading, "Authorization", "Bearer a", &who), ERR_UNAVAILABLE);
    assert_int_equal(find(&reading, "Authorization", "Bearer a", &who), ERR_UNAUTHENTICATED);
    assert_int_equal(find(&deciding, "Authorization", "Bearer a", &who), ERR_NONE);
    assert_int_equal(who.token_id, 3);
    assert_int_equal(who.owner_id, 0);
    assert_int_equal(who.roles, ROLE_ANALYST | ROLE_REVIEWER);
    assert_int_equal(who.scopes, SCOPE_READ | SCOPE_DECIDE);
    assert_true(who.has_factor);
    assert_false(who.shows_factor);
    assert_true(identity_lists_team(who.teams, 2));
    assert_false(identity_lists_team(who.teams, 12));
    script_forget();
}

static void a_cookie_is_who_the_database_says(void **state)
{
    struct identity who;
    (void)state;
    script_fail("session_check", ERR_UNAVAILABLE);
    script_answer("session_check", "select 1 where false");
    script_answer("session_check", SESSION_ROW);
    assert_int_equal(find(&changing, "Cookie", "s=css_one", &who), ERR_UNAVAILABLE);
    assert_int_equal(find(&changing, "Cookie", "s=css_one", &who), ERR_NONE);
    assert_int_equal(who.person_id, 0);
    assert_int_equal(find(&changing, "Cookie", "s=css_one", &who), ERR_NONE);
    assert_int_equal(who.session_id, 4);
    assert_int_equal(who.owner_id, 9);
    assert_int_equal(who.roles, ROLE_AGENT | ROLE_ADMIN);
    assert_true(who.has_factor && who.shows_factor);
    AUTO(json) json_t *roles = identity_role_list(who.roles);
    assert_int_equal(json_array_size(roles), 2);
    AUTO(json) json_t *actor = identity_actor(&who, &(struct exchange){.address = "::1"});
    assert_true(json_is_null(json_object_get(actor, "token_id")));
    who.token_id = 5;
    AUTO(json) json_t *holder = identity_actor(&who, &(struct exchange){.address = "::1"});
    assert_int_equal(json_integer_of(holder, "token_id", 0), 5);
    script_forget();
}

/* Only what the database asks again with the change may rest on a moment ago. */
static void who_is_remembered_is_asked_for_again(void **state)
{
    static const struct {
        struct route route;
        size_t asked;
    } rows[] = {
        {{.scope = SCOPE_SUBMIT, .body = BODY_JSON}, 0},
        {{.scope = SCOPE_DECIDE, .body = BODY_JSON}, 0},
        {{.scope = SCOPE_READ, .body = BODY_JSON}, 1},
        {{.scope = SCOPE_SUBMIT, .body = BODY_NONE}, 1},
    };
    static const struct given given[HEADERS_MAX] = {{"Authorization", "Bearer a"}};
    (void)state;
    struct api api = {.known_tokens = known_tokens_new(), .cookie_name = "s"};
    uint8_t digest[SHA256_SIZE];
    sha256(bytes_of("a"), digest);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct identity who = {.person_id = 7};
        struct error err = {0};
        script_forget();
        script_answer("token_check", TOKEN_ROW "'submit', false, false");
        known_tokens_put(api.known_tokens, digest, clock_monotonic_ms() + 60000, &who);
        const struct exchange exchange = asked(given, &rows[i].route);
        assert_true(identity_find(&api, NULL, &exchange, &who, &err));
        assert_int_equal(script_calls("token_check"), rows[i].asked);
    }
    known_tokens_free(api.known_tokens);
    script_forget();
}

static void a_sign_in_comes_from_our_own_page(void **state)
{
    static const struct route signing_in = {.method = METHOD_POST, .access = ACCESS_ANYONE};
    static const struct {
        const struct route *route;
        const char *origin;
        enum error_code code;
    } rows[] = {{&signing_in, "http://a:1", ERR_NONE},
                {&signing_in, "http://b", ERR_BAD_ORIGIN},
                {&changing, "http://b", ERR_BAD_ORIGIN}};
    const struct identity who = {ANALYST, .session_id = 1};
    const struct api api = {0};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct given given[HEADERS_MAX] = {{"Host", "a:1"}, {"Origin", rows[i].origin}};
        const struct exchange exchange = asked(given, rows[i].route);
        struct error err = {0};
        bool fine = identity_check(&api, &exchange, &who, &err);
        assert_int_equal(err.code, rows[i].code);
        assert_int_equal(fine, rows[i].code == ERR_NONE);
    }
    /* What a token changes needs no page. */
    const struct identity token = {ANALYST, TOKEN(SCOPE_SUBMIT)};
    const struct exchange exchange = asked((struct given[HEADERS_MAX]){{NULL, NULL}}, &changing);
    assert_true(identity_check(&api, &exchange, &token, &(struct error){0}));
}

static void a_cookie_is_read_once_and_whole(void **state)
{
    static const struct {
        const char *header;
        const char *value;
        bool fine;
    } rows[] = {
        {NULL, "", true},
        {"", "", true},
        {"s=", "", true},
        {"s= \t", "", true},
        {"s=one", "one", true},
        {"a=1; s=one \t; b=2", "one", true},
        {"t=one; ss=two; sx; x", "", true},
        {"s=one; s=two", "one", false},
        {"s=a234567", "a234567", true},
        {"s=a2345678", "", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char value[8];
        struct error err = {0};
        assert_int_equal(cookie_read(rows[i].header, "s", value, sizeof value, &err), rows[i].fine);
        assert_string_equal(value, rows[i].value);
    }
}

static void scopes_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(identity_scope_name(SCOPE_READ), "read");
    assert_string_equal(identity_scope_name(SCOPE_ADMIN), "admin");
    assert_string_equal(identity_scope_name(SCOPE_NONE), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_other_sites_are_refused),
        cmocka_unit_test(without_an_address_of_our_own_the_host_decides),
        cmocka_unit_test(credentials_are_one_and_well_formed),
        cmocka_unit_test(a_route_says_who_may_use_it),
        cmocka_unit_test(a_change_by_cookie_brings_the_token_of_its_session),
        cmocka_unit_test(a_session_and_a_token_are_one_too_many),
        cmocka_unit_test(a_token_is_who_the_database_says),
        cmocka_unit_test(a_cookie_is_who_the_database_says),
        cmocka_unit_test(who_is_remembered_is_asked_for_again),
        cmocka_unit_test(a_sign_in_comes_from_our_own_page),
        cmocka_unit_test(a_cookie_is_read_once_and_whole),
        cmocka_unit_test(scopes_have_their_names),
    };
    const struct settings settings = {.second_factor = "offered", .factor_key_file = ""};
    if (!factors_new(&settings, &factors, &(struct error){0}))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    factors_free(factors);
    return failed;
}
