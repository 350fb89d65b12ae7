/* Proves: T19b */
#include <string.h>

#include "tests/unit/cmocka_all.h"
#include "tests/unit/support/peer.h"
#include "worker/sandbox/e2b/e2b_control.h"
#include "worker/sandbox/e2b/e2b_run.h"

#define MADE "{\"sandboxID\":\"i1\",\"envdVersion\":\"0.6.13\",\"domain\":null}"
#define END "{\"type\":\"end_of_execution\"}\n"

struct script {
    struct peer peer;
    int timeout_status;
    struct buffer calls; /* the paths before the run's end, with bars between */
};

static void reply(int fd, int status, const char *body)
{
    AUTO(buffer) struct buffer text = {0};
    buffer_printf(&text, "HTTP/1.1 %d x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
                  status, status >= 400 ? "Retry-After: 5\r\n" : "", strlen(body), body);
    peer_send(fd, buffer_bytes(&text));
}

static bool answer(struct peer *peer, int fd, int number)
{
    struct script *script = (struct script *)peer->context;
    const char *request = peer->last.data; /* one call at a time: nobody else writes it */
    (void)number;
    if (strncmp(request, "POST /v2/sandboxes ", 19) == 0) {
        reply(fd, 201, MADE);
    } else if (strncmp(request, "POST /sandboxes/i1/timeout ", 27) == 0) {
        buffer_add_text(&script->calls, strstr(request, "{\"timeout\":180}") ? "timeout|" : "odd|");
        reply(fd, script->timeout_status, "");
    } else if (strncmp(request, "POST /execute ", 14) == 0) {
        buffer_add_text(&script->calls, "execute|");
        reply(fd, 200, END);
    } else {
        reply(fd, 200, "{}");
    }
    return false;
}

static void hear_start(void *context)
{
    (void)context;
}

static bool hear_stream(void *context, enum sandbox_stream stream, struct bytes chunk)
{
    (void)context, (void)stream, (void)chunk;
    return true;
}

/* Runs a job whose sandbox was made so long ago. */
static void run(struct script *script, int64_t age_ms, int64_t *io_retry_ms,
                struct sandbox_result *ret_result)
{
    const struct sandbox_job job = {.attempt_id = 7,
                                    .fence = 1,
                                    .instance = "a-b",
                                    .image = "tpl",
                                    .language = "python",
                                    .limits = {.wall_ms = 60000, .output_bytes = 1000, .files = 2},
                                    .retry_after_ms = io_retry_ms};
    const struct sandbox_sink sink = {.started = hear_start, .stream = hear_stream};
    struct sandbox_backend *backend = NULL;
    struct sandbox *sandbox = NULL;
    struct error err = {0};
    buffer_add_text(&script->calls, "");
    peer_start(&script->peer, answer, script);
    const struct e2b_options options = {.key = "e2b_5ec7e7",
                                        .domain = "e2b.app",
                                        .api_url = script->peer.url,
                                        .sandbox_url = script->peer.url,
                                        .template = "tpl",
                                        .slots = 1};
    assert_true(e2b_backend_new(&options, &backend, &err));
    assert_true(e2b_control_create(backend->context, &job, &sandbox, &err));
    sandbox->created_ms -= age_ms;
    e2b_run(sandbox, &job, &sink, ret_result);
    e2b_sandbox_free(sandbox);
    e2b_backend_free(backend);
    peer_stop(&script->peer);
}

/* The service ends a sandbox some time after its create: uploads must not eat the run's. */
static void test_long_uploads_cost_the_run_no_time(void **state)
{
    (void)state;
    static const struct {
        int64_t age_ms;
        int status;
        enum sandbox_outcome outcome;
        bool fault;
        int64_t retry_ms;
        const char *calls;
    } rows[] = {
        {10000, 204, SANDBOX_SUCCEEDED, false, -1, "execute|"},
        {31000, 204, SANDBOX_SUCCEEDED, false, -1, "timeout|execute|"},
        {31000, 500, SANDBOX_NOT_STARTED, true, 5000, "timeout|"},
        {31000, 404, SANDBOX_NOT_STARTED, true, 5000, "timeout|"},
        {31000, 429, SANDBOX_NOT_STARTED, false, 5000, "timeout|"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct script script = {.timeout_status = rows[i].status};
        struct sandbox_result result;
        int64_t retry_ms = -1;
        run(&script, rows[i].age_ms, &retry_ms, &result);
        assert_string_equal(script.calls.data, rows[i].calls);
        assert_int_equal(result.outcome, rows[i].outcome);
        assert_int_equal(result.service_fault, rows[i].fault);
        assert_int_equal(retry_ms, rows[i].retry_ms);
        buffer_auto(&script.calls);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_long_uploads_cost_the_run_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
