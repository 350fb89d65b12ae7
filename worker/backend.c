#include "worker/backend.h"

#include <stdio.h>

#include "common/base/clock.h"
#include "worker/sandbox/readiness.h"

static void explain(struct backend *backend, const struct breaker_state *state,
                    char ret_why[BACKEND_WHY_SIZE])
{
    char until[25];
    clock_format(state->until_ms, until);
    snprintf(ret_why, BACKEND_WHY_SIZE, "%s is left alone until %.19sZ: %s", backend->name, until,
             state->reason);
}

bool backend_is_open(struct backend *backend, char ret_why[BACKEND_WHY_SIZE])
{
    struct breaker_state state;
    if (!backend->breaker)
        return false;
    breaker_look(backend->breaker, &state);
    if (state.kind != BREAKER_OPEN)
        return false;
    explain(backend, &state, ret_why);
    return true;
}

bool backend_is_ready(struct backend *backend, char ret_why_not[BACKEND_WHY_SIZE])
{
    return readiness_look(backend->sandbox->readiness, ret_why_not) == READINESS_YES &&
           !backend_is_open(backend, ret_why_not);
}

bool backend_is_away(struct backend *backend, char ret_why[BACKEND_WHY_SIZE])
{
    return backend_is_open(backend, ret_why) ||
           (backend->breaker &&
            readiness_look(backend->sandbox->readiness, ret_why) == READINESS_NO);
}

size_t backend_room(struct backend *backend)
{
    char why_not[BACKEND_WHY_SIZE];
    struct breaker_state state = {0};
    int64_t room = backend->places - atomic_load(&backend->busy);
    if (!backend_is_ready(backend, why_not) || room <= 0)
        return 0;
    if (backend->breaker)
        breaker_look(backend->breaker, &state);
    return state.kind == BREAKER_CLOSED ? (size_t)room : 1;
}

bool backend_enter(struct backend *backend, struct backend_pass *ret_pass, int64_t *ret_retry_ms,
                   struct error *err)
{
    char why_not[READINESS_WHY];
    /* What was claimed just before the preflight failed. */
    if (readiness_look(backend->sandbox->readiness, why_not) == READINESS_NO)
        return fail(err, ERR_UNAVAILABLE, "%s", why_not);
    if (atomic_fetch_add(&backend->busy, 1) >= backend->places) {
        atomic_fetch_sub(&backend->busy, 1);
        return fail(err, ERR_BUSY, "all places of %s are taken", backend->name);
    }
    struct breaker_permit permit = {0};
    if (backend->breaker && !breaker_permit(backend->breaker, &permit, ret_retry_ms)) {
        atomic_fetch_sub(&backend->busy, 1);
        char why[BACKEND_WHY_SIZE];
        if (!backend_is_open(backend, why))
            snprintf(why, sizeof why, "%s is being tried by others", backend->name);
        return fail(err, ERR_UNAVAILABLE, "%s", why);
    }
    *ret_pass = (struct backend_pass){permit, true};
    return true;
}

void backend_works(struct backend *backend, struct backend_pass *pass)
{
    if (pass->taken && backend->breaker)
        breaker_works(backend->breaker, &pass->permit);
}

void backend_leave(struct backend *backend, struct backend_pass *pass, enum breaker_verdict verdict,
                   const char *why)
{
    if (!pass->taken)
        return;
    pass->taken = false;
    if (backend->breaker)
        breaker_report(backend->breaker, &pass->permit, verdict, why);
    if (verdict == BREAKER_REFUSED) /* its reason names the setting */
        readiness_ask_soon(backend->sandbox->readiness);
    atomic_fetch_sub(&backend->busy, 1);
}

enum breaker_verdict backend_verdict(const struct error *err)
{
    switch (err->code) {
    case ERR_UNAVAILABLE:
    case ERR_TIMEOUT:
    case ERR_LOST:
    case ERR_INTERNAL:
        return BREAKER_FAILED;
    case ERR_FORBIDDEN:
    case ERR_UNAUTHENTICATED:
        return BREAKER_REFUSED;
    default:
        return BREAKER_NO_ANSWER;
    }
}

void backend_report_breaker(struct backend *backend, json_t *report)
{
    struct breaker_state state;
    char until[25];
    if (!backend->breaker)
        return;
    breaker_look(backend->breaker, &state);
    json_object_set_new(report, "breaker", json_string(breaker_kind_name(state.kind)));
    json_object_set_new(report, "failures", json_integer(state.failures));
    json_object_set_new(report, "until", json_null());
    if (state.kind != BREAKER_OPEN)
        return;
    clock_format(state.until_ms / 1000 * 1000, until);
    json_object_set_new(report, "until", json_string(until));
    if (json_flag(report, "ready")) /* else its preflight knows better */
        json_object_set_new(report, "why_not", json_string(state.reason));
    json_object_set_new(report, "ready", json_false());
    if (state.refused)
        json_object_set_new(report, "refused", json_true());
}
