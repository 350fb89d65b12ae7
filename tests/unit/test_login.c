/* Signing in, when the database or the machine says no: what a story can not bring about. */
/* Proves: T9 V6.2.1 V6.3.8 */
#include "tests/unit/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/sign_in/factor.h"
#include "api/sign_in/known_tokens.h"
#include "api/routes/login.h"
#include "api/routes/password.h"
#include "api/sign_in/proxy.h"
#include "api/live/streams.h"
#include "common/base/crypto.h"
#include "tests/unit/support/script.h"

#define NOBODY "select null::int8, null::text, 0::int8"
#define KNOWN "select 7::int8, null::text, 0::int8"
#define THROTTLED "select null::int8, null::text, 9::int8"
#define ME "select '{\"person\": 1}'::text"
#define DONE "select 1::int8"

static struct api api;
static struct exchange exchange;
static struct header agent;
static struct call call;
static char known_hash[PASSWORD_HASH_SIZE];
static bool hashing_fails;

int __real_crypto_pwhash_str(char *out, const char *password, unsigned long long len,
                             unsigned long long ops, size_t memory);
int __wrap_crypto_pwhash_str(char *out, const char *password, unsigned long long len,
                             unsigned long long ops, size_t memory);
int __wrap_crypto_pwhash_str(char *out, const char *password, unsigned long long len,
                             unsigned long long ops, size_t memory)
{
    return hashing_fails ? -1 : __real_crypto_pwhash_str(out, password, len, ops, memory);
}

static int hash_once(void **state)
{
    (void)state;
    struct error err = {0};
    return crypto_init(&err) && password_hash(bytes_of("correct horse"), known_hash, &err) ? 0 : -1;
}

static int setup(void **state)
{
    (void)state;
    script_forget();
    hashing_fails = false;
    api = (struct api){.cookie_name = "cs_session", .dummy_hash = known_hash};
    api.settings.second_factor = "offered";
    api.settings.factor_key_file = api.settings.public_url = api.settings.password_words = "";
    api.settings.sandbox = api.settings.sandboxes = api.settings.redis_url.value = "";
    api.settings.e2b_api_key.value = api.settings.daytona_api_key.value = "";
    api.settings.session_seconds = 60;
    sem_init(&api.hashing, 0, 1);
    assert_true(factors_new(&api.settings, &api.factors, &(struct error){0}));
    api.streams = streams_new(&api);
    api.known_tokens = known_tokens_new();
    exchange = (struct exchange){.address = "127.0.0.1", .head = {.headers = &agent}};
    call = (struct call){.api = &api, .exchange = &exchange, .reply = &exchange.reply};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    reply_clear(&exchange.reply);
    json_decref(call.body);
    streams_free(api.streams);
    known_tokens_free(api.known_tokens);
    factors_free(api.factors);
    proxy_free(api.proxy);
    sem_destroy(&api.hashing);
    return 0;
}

/* How the route ends for this body. */
static enum error_code ask(route_fn *route, const char *body)
{
    struct error err = {0};
    json_decref(call.body);
    reply_clear(&exchange.reply);
    exchange.reply = (struct reply){0};
    assert_true(json_read_object(bytes_of(body), &call.body, &err));
    bool fine = route(&call, &err);
    assert_int_equal(fine, err.code == ERR_NONE);
    return err.code;
}

static const char *header_of(const char *name)
{
    for (size_t i = 0; i < exchange.reply.header_count; i++)
        if (strcmp(exchange.reply.headers[i].name, name) == 0)
            return exchange.reply.headers[i].value;
    return NULL;
}

static void assert_header_says(const char *name, const char *part)
{
    const char *value = header_of(name);
    if (!value || !strstr(value, part))
        fail_msg("%s: %s has no %s", name, value ? value : "nothing", part);
}

#define BY_PASSWORD "{\"login\": \"ana\", \"password\": \"correct horse\"}"
#define BY_LINK "{\"link_token\": \"csl_one\"}"

static void what_a_sign_in_must_bring(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum error_code code;
    } rows[] = {
        {"{}", ERR_MISSING_FIELD},
        {"{\"login\": \"ana\"}", ERR_MISSING_FIELD},
        {"{\"login\": \"ana\", \"link_token\": \"x\"}", ERR_INVALID_FIELD},
        {"{\"login\": 7}", ERR_INVALID_FIELD},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(ask(route_login, rows[i].body), rows[i].code);
    assert_int_equal(ask(route_logout, "{\"x\": 1}"), ERR_UNKNOWN_FIELD);
    assert_int_equal(ask(route_password_set, "{}"), ERR_MISSING_FIELD);
}

/* The password that the dummy hash is made of opens no account. */
static void an_account_without_a_password_has_none_that_fits(void **state)
{
    (void)state;
    script_answer("login_lookup", NOBODY);
    script_answer("login_failure", DONE);
    assert_int_equal(ask(route_login, BY_PASSWORD), ERR_WRONG_PASSWORD);
    assert_int_equal(script_calls("login_failure"), 1);
    assert_null(header_of("Set-Cookie"));
}

static void a_password_that_is_wrong_is_noted_or_refused(void **state)
{
    (void)state;
    script_answer("login_lookup", KNOWN);
    script_fail("login_failure", ERR_UNAVAILABLE);
    api.dummy_hash = "no hash";
    assert_int_equal(ask(route_login, BY_PASSWORD), ERR_UNAVAILABLE);
    script_forget();
    script_fail("login_lookup", ERR_BUSY);
    assert_int_equal(ask(route_login, BY_PASSWORD), ERR_BUSY);
    script_forget();
    script_answer("login_lookup", THROTTLED);
    assert_int_equal(ask(route_login, BY_PASSWORD), ERR_THROTTLED);
    assert_string_equal(header_of("Retry-After"), "9");
}

static void only_so_many_hash_at_once(void **state)
{
    (void)state;
    sem_wait(&api.hashing);
    script_answer("login_lookup", NOBODY);
    assert_int_equal(ask(route_login, BY_PASSWORD), ERR_THROTTLED);
    assert_string_equal(header_of("Retry-After"), "1");
    script_answer("password_get", "select null::text");
    script_answer("session_is_fresh", "select true");
    assert_int_equal(ask(route_password_set, "{\"password\": \"long enough\"}"), ERR_THROTTLED);
    sem_post(&api.hashing);
}

/* SQL that gives the right hash between two parts of a row. */
static const char *with_hash(const char *before, const char *behind)
{
    static char sql[2 * PASSWORD_HASH_SIZE];
    snprintf(sql, sizeof sql, "select %s'%s'::text%s", before, known_hash, behind);
    return sql;
}

static void a_session_that_can_not_be_opened_is_none(void **state)
{
    (void)state;
    script_answer("login_lookup", with_hash("7::int8, ", ", 0::int8"));
    script_fail("login_success", ERR_UNAVAILABLE);
    assert_int_equal(ask(route_login, BY_PASSWORD), ERR_UNAVAILABLE);
    assert_null(header_of("Set-Cookie"));
    script_forget();
    script_answer("login_lookup", with_hash("7::int8, ", ", 0::int8"));
    script_answer("login_success", "select 3::int8, null::text");
    script_answer("me", ME);
    assert_int_equal(ask(route_login, BY_PASSWORD), ERR_NONE);
    assert_header_says("Set-Cookie", "Max-Age=60");
    assert_int_equal(exchange.person_id, 7);
}

static void answer_or_fail(const char *statement, const char *sql, enum error_code code)
{
    if (sql)
        script_answer(statement, sql);
    else
        script_fail(statement, code);
}

static void a_link_is_good_or_not(void **state)
{
    static const struct {
        const char *sql, *me;
        enum error_code code;
    } rows[] = {
        {NULL, ME, ERR_BUSY},
        {"select null::int8, 9::int8, null::text", ME, ERR_THROTTLED},
        {"select null::int8, null::int8, null::text", ME, ERR_WRONG_PASSWORD},
        {"select null::int8, 0::int8, 'second_factor_required'", ME, ERR_FACTOR_REQUIRED},
        {"select null::int8, 0::int8, 'wrong_code'", ME, ERR_WRONG_CODE},
        {"select 7::int8, 0::int8, null::text", ME, ERR_NONE},
        {"select 7::int8, 0::int8, null::text", NULL, ERR_LOST},
        {"select 7::int8, 0::int8, null::text", "select null::text", ERR_UNAUTHENTICATED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        script_forget();
        answer_or_fail("me", rows[i].me, rows[i].code);
        answer_or_fail("link_consume", rows[i].sql, rows[i].code);
        assert_int_equal(ask(route_login, BY_LINK), rows[i].code);
        assert_int_equal(header_of("Set-Cookie") != NULL, rows[i].code == ERR_NONE);
    }
}

#define BY_PROXY "{\"proxy\": true}"
#define PROXY_SECRET "a secret of 16 or more"

static struct header proxy_says[] = {{.name = "X-Remote-User", .value = "ana"},
                                     {.name = "X-Proxy-Secret", .value = PROXY_SECRET}};

/* Whoever asks the route is looked at by it once more, whatever was seen on the way there. */
static void a_proxy_s_word_is_weighed_by_the_route_itself(void **state)
{
    static const struct {
        const char *peer;
        const char *sql;
        enum error_code code;
    } rows[] = {
        {"10.0.0.1", ME, ERR_UNAUTHENTICATED},
        {"127.0.0.1", NULL, ERR_BUSY},
        {"127.0.0.1", "select null::int8", ERR_WRONG_PASSWORD},
        {"127.0.0.1", "select 7::int8", ERR_NONE},
    };
    (void)state;
    struct error err = {0};
    const struct settings trusting = {.proxy_addresses = "127.0.0.1",
                                      .proxy_secret = {PROXY_SECRET},
                                      .proxy_user_header = "X-Remote-User",
                                      .proxy_address_header = ""};
    assert_true(proxy_new(&trusting, &api.proxy, &err));
    exchange.head = (struct head){.headers = proxy_says, .header_count = COUNT_OF(proxy_says)};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        snprintf(exchange.peer, sizeof exchange.peer, "%s", rows[i].peer);
        script_forget();
        script_answer("me", ME);
        answer_or_fail("proxy_sign_in", rows[i].sql, rows[i].code);
        assert_int_equal(ask(route_login, BY_PROXY), rows[i].code);
        assert_int_equal(script_calls("proxy_sign_in"), i > 0);
        assert_int_equal(header_of("Set-Cookie") != NULL, rows[i].code == ERR_NONE);
    }
}

/* Cut between characters, or left out; the sign-in goes on. */
static void a_browser_may_call_itself_anything(void **state)
{
    static const char *const names[] = {"Mozilla/5.0", "caf\xc3", "\xff\xff", ""};
    (void)state;
    script_answer("link_consume", "select 7::int8, 0::int8, null::text");
    script_answer("me", ME);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        agent = (struct header){.name = "User-Agent", .value = names[i]};
        exchange.head.header_count = 1;
        assert_int_equal(ask(route_login, BY_LINK), ERR_NONE);
    }
}

static void an_older_session_ends_or_grows_old(void **state)
{
    (void)state;
    call.who.session_id = 5;
    script_fail("session_close", ERR_UNAVAILABLE);
    assert_int_equal(ask(route_logout, "{}"), ERR_NONE);
    assert_int_equal(script_calls("session_close"), 1);
    assert_int_equal(exchange.reply.status, 204);
    api.tls = true;
    script_forget();
    script_answer("session_close", DONE);
    assert_int_equal(ask(route_logout, "{}"), ERR_NONE);
    assert_header_says("Set-Cookie", "; Secure");
}

static void who_is_gone_is_not_signed_in(void **state)
{
    static const struct {
        const char *sql;
        enum error_code code;
    } rows[] = {
        {NULL, ERR_LOST},
        {"select ''::text where false", ERR_UNAUTHENTICATED},
        {"select null::text", ERR_UNAUTHENTICATED},
        {ME, ERR_NONE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        script_forget();
        answer_or_fail("me", rows[i].sql, rows[i].code);
        call.who.session_id = (int64_t)(i % 2);
        assert_int_equal(ask(route_me, "{}"), rows[i].code);
    }
}

#define CHANGE "{\"current\": \"correct horse\", \"password\": \"long enough\"}"
#define CHANGE_WRONG "{\"current\": \"wrong\", \"password\": \"long enough\"}"

static void a_password_changes_only_behind_the_old_one(void **state)
{
    (void)state;
    script_fail("password_get", ERR_BUSY);
    assert_int_equal(ask(route_password_set, CHANGE), ERR_BUSY);
    script_forget();
    script_answer("password_get", with_hash("", ""));
    assert_int_equal(ask(route_password_set, "{\"password\": \"long enough\"}"), ERR_MISSING_FIELD);
    script_fail("confirm_count", ERR_LOST);
    assert_int_equal(ask(route_password_set, CHANGE), ERR_LOST);
    script_answer("confirm_count", "select 9");
    assert_int_equal(ask(route_password_set, CHANGE), ERR_THROTTLED);
    script_answer("confirm_count", "select 0");
    script_fail("login_failure", ERR_UNAVAILABLE);
    assert_int_equal(ask(route_password_set, CHANGE_WRONG), ERR_UNAVAILABLE);
    script_answer("login_failure", DONE);
    assert_int_equal(ask(route_password_set, CHANGE_WRONG), ERR_FORBIDDEN);
    sem_wait(&api.hashing);
    assert_int_equal(ask(route_password_set, CHANGE), ERR_THROTTLED);
    sem_post(&api.hashing);
    script_answer("password_set", DONE);
    assert_int_equal(ask(route_password_set, CHANGE), ERR_NONE);
    assert_int_equal(script_calls("password_set"), 1);
}

#define CONFIRM "{\"password\": \"correct horse\"}"

static void a_session_is_confirmed_or_nothing_is_written(void **state)
{
    (void)state;
    assert_int_equal(ask(route_reauthenticate, "{}"), ERR_MISSING_FIELD);
    script_fail("password_get", ERR_BUSY);
    assert_int_equal(ask(route_reauthenticate, CONFIRM), ERR_BUSY);
    script_answer("password_get", "select null::text");
    assert_int_equal(ask(route_reauthenticate, CONFIRM), ERR_FORBIDDEN);
    script_answer("password_get", with_hash("", ""));
    script_answer("confirm_count", "select 0");
    script_fail("reauthenticate", ERR_UNAVAILABLE);
    assert_int_equal(ask(route_reauthenticate, CONFIRM), ERR_UNAVAILABLE);
    script_answer("reauthenticate", "select '2030-01-01T00:00:00.000Z'::text");
    assert_int_equal(ask(route_reauthenticate, CONFIRM), ERR_NONE);
    assert_int_equal(exchange.reply.status, 200);
}

static void a_password_that_can_not_be_kept_is_refused(void **state)
{
    (void)state;
    script_answer("password_get", "select ''::text where false");
    script_fail("session_is_fresh", ERR_BUSY);
    script_answer("session_is_fresh", "select false");
    script_answer("session_is_fresh", "select true");
    assert_int_equal(ask(route_password_set, "{\"password\": \"long enough\"}"), ERR_BUSY);
    assert_int_equal(ask(route_password_set, "{\"password\": \"long enough\"}"),
                     ERR_REAUTHENTICATE);
    script_fail("password_set", ERR_UNAVAILABLE);
    hashing_fails = true;
    assert_int_equal(ask(route_password_set, "{\"password\": \"long enough\"}"), ERR_UNAVAILABLE);
    assert_int_equal(script_calls("password_set"), 0);
    hashing_fails = false;
    assert_int_equal(ask(route_password_set, "{\"password\": \"long enough\"}"), ERR_UNAVAILABLE);
    assert_int_equal(script_calls("password_set"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_sign_in_must_bring),
        TEST(an_account_without_a_password_has_none_that_fits),
        TEST(a_password_that_is_wrong_is_noted_or_refused),
        TEST(only_so_many_hash_at_once),
        TEST(a_session_that_can_not_be_opened_is_none),
        TEST(a_link_is_good_or_not),
        TEST(a_proxy_s_word_is_weighed_by_the_route_itself),
        TEST(a_browser_may_call_itself_anything),
        TEST(an_older_session_ends_or_grows_old),
        TEST(who_is_gone_is_not_signed_in),
        TEST(a_password_changes_only_behind_the_old_one),
        TEST(a_session_is_confirmed_or_nothing_is_written),
        TEST(a_password_that_can_not_be_kept_is_refused),
    };
    return cmocka_run_group_tests(tests, hash_once, NULL);
}
