#include "tests/unit/support/run_scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/cmocka_all.h"
#include "worker/adopt.h"
#include "worker/approval.h"
#include "worker/inputs.h"
#include "worker/marker.h"
#include "worker/run.h"
#include "worker/run_internal.h"

static struct run_scene scene;
static char trace[1024];
static struct worker worker;
static struct attempt attempt;
static struct backend backend;
static atomic_bool told;
static int anything;
#define SLOT ((struct slot *)&anything)
#define SANDBOX ((struct sandbox *)&anything)
#define BREAKER ((struct breaker *)&anything)

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
    size_t len = strlen(trace);
    va_list arguments;
    va_start(arguments, format);
    if (len > 0)
        len += (size_t)snprintf(trace + len, sizeof trace - len, " ");
    vsnprintf(trace + len, sizeof trace - len, format, arguments);
    va_end(arguments);
}

/* The next letter of a row's answers; `usual` where it says nothing. */
static char next(const char **answers, char usual)
{
    if (!*answers)
        return usual;
    char answer = **answers;
    if ((*answers)[1])
        ++*answers;
    return answer;
}

static bool answer(char letter, const char *what, struct error *err)
{
    static const struct {
        char letter;
        enum error_code code;
    } codes[] = {{'n', ERR_STALE},       {'u', ERR_UNAVAILABLE}, {'l', ERR_LOST},
                 {'b', ERR_BUSY},        {'x', ERR_WRONG_STATE}, {'t', ERR_THROTTLED},
                 {'q', ERR_BAD_REQUEST}, {'k', ERR_FORBIDDEN},   {'c', ERR_CONFLICT}};
    for (size_t i = 0; i < COUNT_OF(codes); i++)
        if (codes[i].letter == letter)
            return fail(err, codes[i].code, "%s %c", what, letter);
    assert_int_equal(letter, 'y');
    return true;
}

#define WRAPPED(type, name, ...)                                                                   \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

WRAPPED(struct attempt *, slot_attempt, struct slot *slot)
{
    assert_ptr_equal(slot, SLOT);
    return &attempt;
}

WRAPPED(enum slot_stop, slot_stopped, struct slot *slot)
{
    (void)slot;
    switch (next(&scene.stop, '0')) {
    case 'c':
        atomic_store(&told, true);
        return SLOT_STOP_CANCEL;
    case 'd':
        return SLOT_STOP_DRAIN;
    case 'l':
        return SLOT_STOP_LOST;
    default:
        return SLOT_STOP_NONE;
    }
}

WRAPPED(const atomic_bool *, slot_told, const struct slot *slot)
{
    (void)slot;
    return &told;
}

WRAPPED(bool, slot_lease_is_ours, struct slot *slot)
{
    (void)slot;
    return next(&scene.lease, 'y') == 'y';
}

WRAPPED(void, slot_wait, struct slot *slot, int64_t wait_ms)
{
    (void)slot;
    assert_true(wait_ms > 0);
    assert_true(wait_ms <= 1000);
    note("wait");
}

WRAPPED(void, slot_attach, struct slot *slot, const struct sandbox_backend *sandbox,
        struct sandbox *which)
{
    (void)slot, (void)which;
    assert_ptr_equal(sandbox, backend.sandbox);
}

WRAPPED(void, slot_detach, struct slot *slot)
{
    (void)slot;
}

WRAPPED(struct backend *, backends_find, const struct backends *backends, const char *name)
{
    (void)backends;
    assert_string_equal(name, "local");
    return scene.nowhere ? NULL : &backend;
}

WRAPPED(bool, backend_enter, struct backend *into, struct backend_pass *ret_pass,
        int64_t *ret_retry_ms, struct error *err)
{
    (void)into;
    note("enter");
    if (!answer(next(&scene.enter, 'y'), "enter", err)) {
        *ret_retry_ms = scene.retry_after_ms - 1;
        return false;
    }
    *ret_pass = (struct backend_pass){.taken = true, .permit.probe = scene.probe ? 0 : -1};
    return true;
}

WRAPPED(void, backend_works, struct backend *which, struct backend_pass *pass)
{
    (void)which, (void)pass;
    note("works");
}

WRAPPED(void, backend_leave, struct backend *which, struct backend_pass *pass,
        enum breaker_verdict verdict, const char *why)
{
    static const char *const names[] = {"worked", "failed", "no_answer", "refused"};
    (void)which, (void)why;
    if (pass->taken)
        note("leave:%s", names[verdict]);
    pass->taken = false;
}

WRAPPED(void, pulse_ring, struct pulse *pulse)
{
    (void)pulse;
    note("tell");
}

WRAPPED(bool, inputs_fetch, struct db_pool *pool, struct attempt *of, struct error *err)
{
    (void)pool, (void)of;
    return answer(next(&scene.fetch, 'y'), "inputs", err);
}

WRAPPED(bool, attempt_is_what_was_approved, const struct attempt *of, struct error *err)
{
    (void)of;
    note("hash");
    return answer(next(&scene.approved, 'y'), "hash", err);
}

WRAPPED(bool, approval_check, const struct attempt *of, const char *keys_file, struct error *err)
{
    (void)of, (void)keys_file;
    note("verify");
    return answer(next(&scene.signatures, 'y'), "verify", err);
}

WRAPPED(bool, transition_start, struct worker *by, const struct attempt *of, const char *reference,
        struct error *err)
{
    (void)by, (void)of;
    note("start%s", reference ? reference : "");
    return answer(next(&scene.start, 'y'), "start", err);
}

WRAPPED(bool, transition_start_holds, struct worker *by, const struct attempt *of, bool *ret_holds,
        struct error *err)
{
    char letter = next(&scene.holds, 'y');
    (void)by, (void)of;
    note("holds?");
    *ret_holds = letter == 'y';
    return letter == 'n' || answer(letter, "holds", err);
}

WRAPPED(bool, transition_release, struct worker *by, const struct attempt *of,
        const struct transition_release *release, struct error *err)
{
    (void)by, (void)of;
    note("release%s%s%s", release->is_final ? ":final" : "", release->usage ? ":used" : "",
         release->retry_after_ms > 0 ? ":later" : "");
    assert_true(release->retry_after_ms <= 600000);
    return answer(next(&scene.release, 'y'), "release", err);
}

WRAPPED(bool, transition_refuse, struct worker *by, const struct attempt *of, const char *why,
        struct error *err)
{
    (void)by, (void)of, (void)why;
    note("refuse");
    return answer(next(&scene.refuse, 'n'), "refuse", err);
}

WRAPPED(bool, transition_finish, struct worker *by, const struct attempt *of,
        const struct transition_end *end, struct error *err)
{
    (void)by, (void)of;
    note("finish:%s%s%s%s", end->outcome, *end->reason ? "," : "", end->reason,
         end->may_run_on ? "+" : "");
    return answer(next(&scene.finish, 'y'), "finish", err);
}

WRAPPED(void, marker_add, struct marker *marker, const struct attempt *of)
{
    (void)marker, (void)of;
}

WRAPPED(void, marker_drop, struct marker *marker, const struct attempt *of)
{
    (void)marker, (void)of;
}

WRAPPED(void, adopt_run, struct run *run)
{
    assert_ptr_equal(run->attempt, &attempt);
    note("adopt");
}

WRAPPED(void, output_start, struct output *output, struct worker *by, struct slot *slot)
{
    (void)by, (void)slot;
    *output = (struct output){0};
}

WRAPPED(void, output_auto, struct output *output)
{
    (void)output;
}

WRAPPED(bool, output_end, struct output *output)
{
    return answer(next(&scene.output, 'y'), "output", &output->fault);
}

static bool create(void *context, const struct sandbox_job *job, struct sandbox **ret_sandbox,
                   struct error *err)
{
    (void)context;
    note("create");
    bool good = answer(next(&scene.create, 'y'), "create", err);
    if (good)
        *ret_sandbox = SANDBOX;
    else
        *job->retry_after_ms = scene.retry_after_ms - 1;
    if (scene.service)
        job->made->ms = 5;
    return good;
}

static void run(struct sandbox *sandbox, const struct sandbox_job *job,
                const struct sandbox_sink *sink, struct sandbox_result *ret_result)
{
    static const struct {
        char letter;
        struct sandbox_result result;
    } results[] = {{'S', {.outcome = SANDBOX_SUCCEEDED}},
                   {'F', {.outcome = SANDBOX_FAILED, .reason = "exit_code", .exit_code = 1}},
                   {'K', {.outcome = SANDBOX_FAILED, .reason = "signal", .term_signal = 9}},
                   {'T', {.outcome = SANDBOX_TIMED_OUT, .reason = "wall_time"}},
                   {'C', {.outcome = SANDBOX_CANCELLED}},
                   {'U', {.outcome = SANDBOX_UNKNOWN, .reason = "service_lost"}},
                   {'V', {.outcome = SANDBOX_UNKNOWN, .service_fault = true}},
                   {'R', {.outcome = SANDBOX_NOT_STARTED}},
                   {'N', {.outcome = SANDBOX_NOT_STARTED, .reason = "launcher"}}};
    char letter = next(&scene.outcome, 'S');
    (void)job;
    assert_ptr_equal(sandbox, SANDBOX);
    note("run");
    for (size_t i = 0; i < COUNT_OF(results); i++)
        if (results[i].letter == letter)
            *ret_result = results[i].result;
    if (ret_result->outcome != SANDBOX_NOT_STARTED)
        sink->started(sink->context);
}

static void destroy(struct sandbox *sandbox)
{
    (void)sandbox;
    note("destroy");
}

static void abandon(struct sandbox *sandbox)
{
    (void)sandbox;
    note("abandon");
}

static const char *reference(const struct sandbox *sandbox)
{
    (void)sandbox;
    return "{}";
}

static bool attach(void *context, const struct sandbox_job *job, const char *of,
                   struct sandbox **ret_sandbox, struct error *err)
{
    (void)context, (void)job, (void)of, (void)ret_sandbox;
    return fail(err, ERR_NOT_FOUND, "nothing is attached here");
}

static struct sandbox_backend here = {.name = "local",
                                      .create = create,
                                      .run = run,
                                      .destroy = destroy,
                                      .isolation = "namespaces",
                                      .holds_limits = true};
static struct sandbox_backend service = {.name = "local",
                                         .isolation = "namespaces",
                                         .create = create,
                                         .run = run,
                                         .destroy = destroy,
                                         .reference = reference,
                                         .attach = attach,
                                         .abandon = abandon};

static void play(const struct run_scene *next_scene)
{
    char remote[] = "{}";
    scene = *next_scene;
    *trace = '\0';
    atomic_store(&told, false);
    static const struct settings settings;
    worker = (struct worker){.settings = &settings};
    atomic_store(&worker.draining, scene.drains);
    atomic_store(&worker.leaving, scene.leaves);
    backend = (struct backend){.name = "local",
                               .sandbox = scene.service ? &service : &here,
                               .breaker = scene.service ? BREAKER : NULL};
    attempt = (struct attempt){
        .id = 7, .fence = 9, .malformed = scene.malformed, .bundle.sandbox = "local"};
    attempt.bundle.is_first = scene.first_form;
    attempt.bundle.terms.isolation = scene.isolation ? scene.isolation : "namespaces";
    attempt.bundle.limits.cpu_ms = scene.cpu_ms;
    attempt.remote = scene.adopted ? remote : NULL;
    run_attempt(&worker, SLOT);
}

void run_scenes_play(const struct run_scene *scenes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        play(&scenes[i]);
        if (strcmp(trace, scenes[i].trace) != 0)
            fail_msg("%s:\n  %s\nnot\n  %s", scenes[i].name, trace, scenes[i].trace);
    }
}
