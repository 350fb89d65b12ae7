/* Proves: T19b */
#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"
#include "tests/unit/support/peer.h"
#include "worker/sandbox/e2b/e2b_control.h"

/* Which answer a request gets: the first row whose start it begins with; each row as often as it
 * says, 0 for ever. What was asked is written down. */
struct rule {
    const char *request; /* "POST /v2/sandboxes" */
    int times;
    int status;
    const char *headers;
    const char *body;
};

struct script {
    struct rule rules[12];
    struct buffer calls; /* first lines, with bars between */
    struct peer peer;
    struct sandbox_backend *backend;
};

static void note(struct script *script, const char *request)
{
    buffer_add(&script->calls, request, strcspn(request, "\r") - strlen(" HTTP/1.1"));
    buffer_add_text(&script->calls, "|");
}

static bool answer(struct peer *peer, int fd, int number)
{
    struct script *script = (struct script *)peer->context;
    AUTO(buffer) struct buffer text = {0};
    const char *request = peer->last.data; /* one call at a time: nobody else writes it */
    (void)number;
    note(script, request);
    for (struct rule *rule = script->rules; rule->request; rule++) {
        if (rule->times < 0 || strncmp(request, rule->request, strlen(rule->request)) != 0)
            continue;
        rule->times = rule->times == 1 ? -1 : rule->times > 1 ? rule->times - 1 : 0;
        if (rule->status == 0) /* it was read, and nobody answers */
            return false;
        buffer_printf(
            &text, "HTTP/1.1 %d x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
            rule->status, rule->headers ? rule->headers : "", strlen(rule->body), rule->body);
        peer_send(fd, buffer_bytes(&text));
        return false;
    }
    return false;
}

static void start(struct script *script)
{
    struct error err = {0};
    buffer_add_text(&script->calls, "");
    peer_start(&script->peer, answer, script);
    const struct e2b_options options = {.key = "e2b_5ec7e7",
                                        .domain = "e2b.app",
                                        .api_url = script->peer.url,
                                        .sandbox_url = script->peer.url,
                                        .template = "code-interpreter-v1",
                                        .slots = 1};
    assert_true(e2b_backend_new(&options, &script->backend, &err));
}

static void stop(struct script *script)
{
    e2b_backend_free(script->backend);
    peer_stop(&script->peer);
    buffer_auto(&script->calls);
}

static const struct sandbox_job plain = {
    .attempt_id = 7,
    .fence = 1,
    .instance = "a-b",
    .image = "tpl",
    .language = "python",
    .limits = {.wall_ms = 60000, .output_bytes = 1000, .files = 2, .file_bytes = 1000}};

#define MADE                                                                                       \
    "{\"templateID\":\"tpl\",\"sandboxID\":\"i1\",\"envdVersion\":\"0.6.13\","                     \
    "\"envdAccessToken\":\"tok\",\"trafficAccessToken\":null,\"domain\":null}"
#define MINE                                                                                       \
    "{\"sandboxID\":\"i9\",\"metadata\":{\"countersign\":\"a-b\",\"attempt\":\"7\",\"fence\":"     \
    "\"1\"}}"
#define LATER                                                                                      \
    "{\"sandboxID\":\"i10\",\"metadata\":{\"countersign\":\"a-b\",\"attempt\":\"7\",\"fence\":"    \
    "\"3\"}}"
#define LOOKUP                                                                                     \
    "GET /v2/sandboxes?metadata=countersign%3Da-b%26attempt%3D7&state=running%2Cpaused&limit=100|"

/* Creates once; gives the error's code. */
static enum error_code create(struct script *script, const struct sandbox_job *job,
                              struct error *err)
{
    struct sandbox *sandbox = NULL;
    *err = (struct error){0};
    bool fine = e2b_control_create(script->backend->context, job, &sandbox, err);
    assert_int_equal(fine, sandbox != NULL);
    e2b_sandbox_free(sandbox);
    return err->code;
}

static void test_what_create_sends(void **state)
{
    (void)state;
    struct script script = {.rules = {{"POST /v2/sandboxes", 0, 201, NULL, MADE}}};
    struct error err;
    start(&script);
    assert_int_equal(create(&script, &plain, &err), ERR_NONE);
    assert_string_equal(script.calls.data, "POST /v2/sandboxes|");
    assert_true(peer_saw(&script.peer, "\r\nX-API-Key: e2b_5ec7e7\r\n"));
    assert_true(peer_saw(&script.peer,
                         "{\"templateID\":\"tpl\",\"timeout\":180,\"metadata\":"
                         "{\"countersign\":\"a-b\",\"attempt\":\"7\",\"fence\":\"1\"},"
                         "\"allow_internet_access\":false,"
                         "\"network\":{\"allowPublicTraffic\":false}}"));
    stop(&script);
}

static void test_the_first_generation_is_remembered(void **state)
{
    (void)state;
    struct script script = {.rules = {{"POST /v2/sandboxes", 0, 404, NULL, "{}"},
                                      {"POST /sandboxes", 0, 201, NULL, MADE}}};
    struct error err;
    start(&script);
    assert_int_equal(create(&script, &plain, &err), ERR_NONE);
    assert_true(peer_saw(&script.peer, "\"secure\":true"));
    assert_int_equal(create(&script, &plain, &err), ERR_NONE);
    assert_string_equal(script.calls.data, "POST /v2/sandboxes|POST /sandboxes|POST /sandboxes|");
    stop(&script);
}

static void test_no_such_template(void **state)
{
    (void)state;
    struct script script = {.rules = {{"POST /", 0, 404, NULL, "{\"message\":\"no template\"}"}}};
    struct error err;
    start(&script);
    assert_int_equal(create(&script, &plain, &err), ERR_BAD_REQUEST);
    assert_string_equal(err.text, "E2B: create: status 404: no template");
    assert_int_equal(create(&script, &plain, &err),
                     ERR_BAD_REQUEST); /* the second is still asked */
    assert_string_equal(script.calls.data, "POST /v2/sandboxes|POST /sandboxes|"
                                           "POST /v2/sandboxes|POST /sandboxes|");
    stop(&script);
}

/* No lookup where the service said clearly that it made none; one where it did not. */
static void test_what_a_failed_create_means(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *headers, *body;
        enum error_code code;
        bool unclear;
        int64_t retry_ms;
    } rows[] = {
        {400, NULL, "{}", ERR_BAD_REQUEST, false, -1},
        {401, NULL, "", ERR_FORBIDDEN, false, -1},
        {403, NULL, "<html>", ERR_FORBIDDEN, false, -1},
        {429, "Retry-After: 7\r\n", "{\"code\":429}", ERR_THROTTLED, false, 7000},
        {429, NULL, "{\"code\":429}", ERR_THROTTLED, false, -1},
        {408, NULL, "", ERR_UNAVAILABLE, true, -1},
        {500, NULL, "", ERR_UNAVAILABLE, true, -1},
        {503, "Retry-After: 2\r\n", "", ERR_UNAVAILABLE, true, 2000},
        {504, NULL, "", ERR_UNAVAILABLE, true, -1},
        {302, "Location: http://127.0.0.1:1/\r\n", "", ERR_UNAVAILABLE, true, -1},
        {201, NULL, "", ERR_UNAVAILABLE, true, -1},
        {201, NULL, "<html>", ERR_UNAVAILABLE, true, -1},
        {201, NULL, "{\"sandboxID\":\"../x\"}", ERR_UNAVAILABLE, true, -1},
        {201, NULL, "{\"sandboxID\":\"i1\",\"domain\":\"evil/\"}", ERR_UNAVAILABLE, true, -1},
        {0, NULL, "", ERR_UNAVAILABLE, true, -1},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct script script = {
            .rules = {{"POST /v2", 0, rows[i].status, rows[i].headers, rows[i].body},
                      {"GET /v2", 0, 200, NULL, "[" MINE "]"},
                      {"DELETE /sandboxes/i9", 0, 204, NULL, ""}}};
        struct error err;
        int64_t retry_ms = -1;
        struct sandbox_job job = plain;
        job.retry_after_ms = &retry_ms;
        start(&script);
        enum error_code code = create(&script, &job, &err);
        const char *calls = rows[i].unclear ? "POST /v2/sandboxes|" LOOKUP "DELETE /sandboxes/i9|"
                                            : "POST /v2/sandboxes|";
        if (code != rows[i].code || strcmp(script.calls.data, calls) != 0 ||
            retry_ms != rows[i].retry_ms || strstr(err.text, "5ec7e7"))
            fail_msg("row %zu: %s %s, calls %s", i, error_name(code), err.text, script.calls.data);
        stop(&script);
    }
}

static void test_a_message_with_the_key_is_not_passed_on(void **state)
{
    (void)state;
    struct script script = {
        .rules = {{"POST /", 0, 401, NULL, "{\"message\":\"bad key e2b_5ec7e7\"}"}}};
    struct error err;
    start(&script);
    assert_int_equal(create(&script, &plain, &err), ERR_FORBIDDEN);
    assert_string_equal(err.text, "E2B: create: status 401");
    stop(&script);
}

static void test_what_an_earlier_claim_left_goes_first(void **state)
{
    (void)state;
    struct script script = {.rules = {{"GET /v2", 0, 200, NULL, "[" MINE "]"},
                                      {"DELETE /sandboxes/i9", 1, 500, NULL, ""},
                                      {"DELETE /sandboxes/i9", 0, 404, NULL, ""},
                                      {"POST /v2/sandboxes", 0, 201, NULL, MADE}}};
    struct sandbox_job job = plain;
    struct error err;
    job.fence = 2;
    start(&script);
    assert_int_equal(create(&script, &job, &err), ERR_NONE);
    assert_string_equal(script.calls.data, LOOKUP "DELETE /sandboxes/i9|DELETE /sandboxes/i9|"
                                                  "POST /v2/sandboxes|");
    stop(&script);
}

/* Its lease ended while it was held up: what a later claim made may be running by now. */
static void test_what_a_later_claim_made_stays(void **state)
{
    (void)state;
    struct script script = {.rules = {{"GET /v2", 0, 200, NULL, "[" MINE "," LATER "]"},
                                      {"DELETE /sandboxes/i9", 0, 204, NULL, ""},
                                      {"POST /v2/sandboxes", 0, 0, NULL, ""}}};
    struct sandbox_job job = plain;
    struct error err;
    job.fence = 2;
    start(&script);
    assert_int_equal(create(&script, &job, &err), ERR_UNAVAILABLE);
    assert_non_null(strstr(script.calls.data, "DELETE /sandboxes/i9|"));
    assert_null(strstr(script.calls.data, "DELETE /sandboxes/i10|"));
    stop(&script);
}

/* Never a second one until the first is proved absent. */
static void test_none_is_made_while_the_first_may_be_there(void **state)
{
    (void)state;
    static const struct rule lists[] = {{"GET /v2", 0, 500, NULL, ""},
                                        {"GET /v2", 0, 200, NULL, "{}"},
                                        {"GET /v2", 0, 200, NULL, "[" MINE "]"}};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct script script = {.rules = {lists[i],
                                          {"DELETE /sandboxes/i9", 0, 403, NULL, ""},
                                          {"POST /v2/sandboxes", 0, 201, NULL, MADE}}};
        struct sandbox_job job = plain;
        struct error err;
        job.fence = 2;
        start(&script);
        assert_int_not_equal(create(&script, &job, &err), ERR_NONE);
        assert_null(strstr(script.calls.data, "POST"));
        stop(&script);
    }
}

static void add_found(void *context, const struct sandbox_listed *found)
{
    buffer_printf(context, "%s %lld/%lld%s|", found->remote_id, (long long)found->attempt_id,
                  (long long)found->fence, found->age_ms > 1000000 ? " old" : "");
}

/* A page, and then the next as long as there is one. */
static void list_all(struct script *script, struct buffer *found)
{
    struct error err = {0};
    struct sandbox_page page = {.instance = "a-b", .each = add_found, .context = found};
    do
        assert_true(script->backend->list(script->backend->context, &page, &err));
    while (*page.cursor);
}

static void test_pages_of_ours_alone(void **state)
{
    (void)state;
    struct script script = {
        .rules = {
            {"GET "
             "/v2/sandboxes?metadata=countersign%3Da-b&state=running%2Cpaused&limit=100&nextToken="
             "b%2Fc ",
             0, 200, "X-Next-Token: b/c\r\n",
             "[{\"sandboxID\":\"i5\",\"startedAt\":\"2020-01-01T00:00:00.5Z\",\"metadata\":"
             "{\"countersign\":\"a-b\",\"attempt\":\"12\",\"fence\":\"3\"}}]"},
            {"GET /v2/sandboxes?metadata=countersign%3Da-b&state=running%2Cpaused&limit=100 ", 0,
             200, "X-Next-Token: b/c\r\n",
             "[" MINE
             ",{\"sandboxID\":\"i2\",\"metadata\":null},{\"sandboxID\":\"i3\",\"metadata\":"
             "{\"countersign\":\"other\",\"attempt\":\"7\",\"fence\":\"1\"}},"
             "{\"sandboxID\":\"i4\",\"metadata\":{\"countersign\":\"a-b\",\"attempt\":\"x\","
             "\"fence\":\"1\"}},7]"}}};
    AUTO(buffer) struct buffer found = {0};
    start(&script);
    list_all(&script, &found);
    assert_string_equal(found.data, "i9 7/1|i5 12/3 old|"); /* and an end, though a token came */
    stop(&script);
}

static void test_the_first_list_is_asked_where_there_is_no_second(void **state)
{
    (void)state;
    struct script script = {
        .rules = {{"GET /v2", 0, 404, NULL, ""},
                  {"GET /sandboxes?metadata=countersign%3Da-b ", 0, 200, NULL, "[" MINE "]"}}};
    AUTO(buffer) struct buffer found = {0};
    start(&script);
    for (int i = 0; i < 2; i++)
        list_all(&script, &found);
    assert_string_equal(found.data, "i9 7/1|i9 7/1|");
    stop(&script);
}

/* Whatever the older call says: it is deprecated, and only knows what runs. */
static void test_a_stray_404_switches_no_list(void **state)
{
    (void)state;
    static const struct rule olds[] = {{"GET /sandboxes", 0, 404, NULL, ""},
                                       {"GET /sandboxes", 0, 200, NULL, "[]"}};
    for (size_t i = 0; i < COUNT_OF(olds); i++) {
        struct script script = {.rules = {{"GET /v2", 1, 404, NULL, ""},
                                          {"GET /v2", 0, 200, NULL, "[" MINE "]"},
                                          olds[i]}};
        AUTO(buffer) struct buffer found = {0};
        struct error err = {0};
        start(&script);
        struct sandbox_page page = {.instance = "a-b", .each = add_found, .context = &found};
        assert_int_equal(script.backend->list(script.backend->context, &page, &err), i == 1);
        page.cursor[0] = '\0';
        assert_true(script.backend->list(script.backend->context, &page, &err));
        assert_string_equal(found.data, "i9 7/1|");
        stop(&script);
    }
}

static void test_gone_is_removed(void **state)
{
    (void)state;
    static const struct {
        int status;
        bool fine;
        int calls;
    } rows[] = {{204, true, 1}, {404, true, 1}, {500, false, 3}, {0, false, 6}, {401, false, 1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct script script = {.rules = {{"DELETE /sandboxes/i1 ", 0, rows[i].status, NULL, ""}}};
        struct error err = {0};
        start(&script);
        assert_int_equal(script.backend->remove(script.backend->context, "i1", &err), rows[i].fine);
        assert_true(peer_requests(&script.peer) <= rows[i].calls);
        assert_false(script.backend->remove(script.backend->context, "../x", &err));
        stop(&script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_create_sends),
        cmocka_unit_test(test_the_first_generation_is_remembered),
        cmocka_unit_test(test_no_such_template),
        cmocka_unit_test(test_what_a_failed_create_means),
        cmocka_unit_test(test_a_message_with_the_key_is_not_passed_on),
        cmocka_unit_test(test_what_an_earlier_claim_left_goes_first),
        cmocka_unit_test(test_what_a_later_claim_made_stays),
        cmocka_unit_test(test_none_is_made_while_the_first_may_be_there),
        cmocka_unit_test(test_pages_of_ours_alone),
        cmocka_unit_test(test_the_first_list_is_asked_where_there_is_no_second),
        cmocka_unit_test(test_a_stray_404_switches_no_list),
        cmocka_unit_test(test_gone_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
