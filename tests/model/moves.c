#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/rules.h"

/* From, to, and who; each name is a state of a request or of a run. "" is the state before. */
static const struct move {
    const char *entity, *from, *to, *actors;
} move_table[] = {
    {"request", "", "drafting", "human agent"},
    {"request", "", "pending", "human agent"},
    {"request", "", "blocked", "human agent"},
    {"request", "drafting", "pending", "worker"},
    {"request", "drafting", "blocked", "worker"},
    {"request", "drafting", "draft_failed", "worker system"},
    {"request", "drafting", "needs_answer", "worker"},
    {"request", "drafting", "cancelled", "human agent"},
    {"request", "needs_answer", "drafting", "human agent"},
    {"request", "needs_answer", "cancelled", "human agent"},
    {"request", "needs_answer", "expired", "system"},
    {"request", "pending", "approved", "human"},
    {"request", "pending", "rejected", "human"},
    {"request", "pending", "changes_requested", "human"},
    {"request", "pending", "cancelled", "human agent"},
    {"request", "pending", "expired", "system"},
    {"request", "pending", "blocked", "system"},
    {"request", "changes_requested", "pending", "human agent"},
    {"request", "changes_requested", "cancelled", "human agent"},
    {"request", "changes_requested", "expired", "system"},
    {"request", "approved", "pending", "human worker system"},
    {"request", "approved", "running", "worker system"},
    {"request", "approved", "cancelled", "human agent worker"},
    {"request", "approved", "expired", "worker system"},
    {"request", "approved", "failed", "worker system"},
    {"request", "running", "succeeded", "worker"},
    {"request", "running", "failed", "worker"},
    {"request", "running", "cancelled", "worker"},
    {"request", "running", "outcome_unknown", "worker system"},
    {"request", "outcome_unknown", "succeeded", "human worker"},
    {"request", "outcome_unknown", "failed", "human worker"},
    {"request", "outcome_unknown", "running", "worker system"},
    {"attempt", "", "ready", "human system"},
    {"attempt", "ready", "claimed", "worker"},
    {"attempt", "ready", "cancelled", "human agent system"},
    {"attempt", "ready", "failed", "worker system"},
    {"attempt", "claimed", "ready", "worker system"},
    {"attempt", "claimed", "starting", "worker"},
    {"attempt", "claimed", "cancelled", "human agent worker system"},
    {"attempt", "starting", "ready", "worker"},
    {"attempt", "starting", "running", "worker"},
    {"attempt", "starting", "unknown", "worker system"},
    {"attempt", "running", "succeeded", "worker"},
    {"attempt", "running", "failed", "worker"},
    {"attempt", "running", "timed_out", "worker"},
    {"attempt", "running", "cancelled", "worker"},
    {"attempt", "running", "unknown", "worker system"},
    {"attempt", "unknown", "succeeded", "human worker"},
    {"attempt", "unknown", "failed", "human worker"},
    {"attempt", "unknown", "timed_out", "worker"},
    {"attempt", "unknown", "cancelled", "worker"},
};
#define MOVES ((int)(sizeof move_table / sizeof move_table[0]))

const char *request_state_name(enum request_state state)
{
    static const char *const names[] = {
        [REQUEST_PENDING] = "pending",         [REQUEST_CHANGES] = "changes_requested",
        [REQUEST_APPROVED] = "approved",       [REQUEST_RUNNING] = "running",
        [REQUEST_UNKNOWN] = "outcome_unknown", [REQUEST_REJECTED] = "rejected",
        [REQUEST_CANCELLED] = "cancelled",     [REQUEST_EXPIRED] = "expired",
        [REQUEST_SUCCEEDED] = "succeeded",     [REQUEST_FAILED] = "failed"};
    return names[state];
}

const char *run_state_name(enum run_state state)
{
    static const char *const names[] = {
        [RUN_READY] = "ready",     [RUN_CLAIMED] = "claimed",     [RUN_STARTING] = "starting",
        [RUN_RUNNING] = "running", [RUN_UNKNOWN] = "unknown",     [RUN_SUCCEEDED] = "succeeded",
        [RUN_FAILED] = "failed",   [RUN_TIMED_OUT] = "timed_out", [RUN_CANCELLED] = "cancelled"};
    return names[state];
}

bool move_next(int *at, char ret_line[120])
{
    if (*at >= MOVES)
        return false;
    const struct move *m = &move_table[(*at)++];
    snprintf(ret_line, 120, "%s|%s|%s|%s\n", m->entity, m->from, m->to, m->actors);
    return true;
}

/* One thread plays one story at a time. */
static _Thread_local uint64_t story;

void moves_of_story(uint64_t seed)
{
    story = seed;
}

static void must_be_legal(const char *entity, const char *from, const char *to, const char *actor)
{
    for (int i = 0; i < MOVES; i++) {
        const struct move *m = &move_table[i];
        if (same_text(m->entity, entity) && same_text(m->from, from) && same_text(m->to, to) &&
            strstr(m->actors, actor))
            return;
    }
    fprintf(
        stderr,
        "the model moves a%s %s from %s to %s by a %s\n# again: SEED=%llu EVENTS=1 make model\n",
        *entity == 'a' ? "n" : "", entity, from, to, actor, (unsigned long long)story);
    abort();
}

void request_move(struct request *r, enum request_state to, const char *actor)
{
    must_be_legal("request", request_state_name(r->state), request_state_name(to), actor);
    r->state = to;
    r->touched = true;
}

void run_move(struct run *a, enum run_state to, const char *actor)
{
    must_be_legal("attempt", run_state_name(a->state), run_state_name(to), actor);
    a->state = to;
}

struct run *live_run(struct request *r)
{
    for (int i = 0; i < r->run_count; i++)
        if (r->runs[i].state <= RUN_RUNNING)
            return &r->runs[i];
    return NULL;
}

void run_drop(struct run *a, const char *actor)
{
    if (!a)
        return;
    run_move(a, RUN_CANCELLED, actor);
    a->lease = NEVER;
}

void back_to_review(struct request *r, const char *actor)
{
    request_move(r, REQUEST_PENDING, actor);
    r->round++;
    r->expires = AHEAD;
}

struct answer refused(const char *code, const char *field)
{
    return (struct answer){.code = code, .field = field, .made = -1};
}

struct answer fine(const char *state)
{
    return (struct answer){.code = "ok", .state = state, .made = -1};
}
