#include "tests/model/rules_run.h"

#include <string.h>

#include "tests/model/people.h"

struct place run_held(struct world *w, int64_t id, int64_t fence, int worker)
{
    for (int i = 0; i < w->request_count; i++) {
        struct request *r = &w->requests[i];
        for (int k = 0; k < r->run_count; k++) {
            struct run *a = &r->runs[k];
            if (a->id != id)
                continue;
            r->touched = true;
            return (struct place){r, a->fence == fence && a->worker == worker ? a : NULL};
        }
    }
    return (struct place){NULL, NULL};
}

bool is_paused(const struct world *w, const struct request *r)
{
    return w->paused_all || w->paused_team[r->team] || w->paused_backend[r->backend];
}

bool still_approved(const struct world *w, const struct request *r)
{
    return r->decision.round == r->round && r->decision.verdict == APPROVE &&
           is_reviewer(w, r->decision.reviewer, r->team) && !is_own(w, r->decision.reviewer, r);
}

/* Why what is claimed may not start, as the field of the error; NULL when it may. */
static const char *start_fault(const struct world *w, const struct element *e,
                               const struct request *r, const struct run *a)
{
    if (!same_text(e->digest, r->digest))
        return "digest";
    if (e->decision != a->decision)
        return "quorum";
    if (is_paused(w, r))
        return "paused";
    if (a->told_to_stop)
        return "cancelled";
    if (a->too_old)
        return "expired";
    return still_approved(w, r) ? NULL : "quorum";
}

static void set_aside(struct request *r, const char *why)
{
    if (!same_text(why, "expired") && !same_text(why, "cancelled")) {
        back_to_review(r, "worker");
        return;
    }
    request_move(r, *why == 'e' ? REQUEST_EXPIRED : REQUEST_CANCELLED, "worker");
    r->expires = NEVER;
}

static struct answer start_refused(struct request *r, struct run *a, const char *why)
{
    static const struct {
        const char *why, *code;
    } codes[] = {{"digest", "stale"},
                 {"quorum", "conflict"},
                 {"paused", "unavailable"},
                 {"cancelled", "conflict"},
                 {"expired", "conflict"}};
    if (same_text(why, "paused")) {
        run_move(a, RUN_READY, "worker");
        a->worker = -1;
        a->lease = NEVER;
        a->due = false;
    } else {
        run_drop(a, "worker");
        if (r->state == REQUEST_APPROVED)
            set_aside(r, why);
    }
    int i = 0;
    while (!same_text(codes[i].why, why))
        i++;
    return refused(codes[i].code, why);
}

static struct answer start(struct world *w, const struct element *e, struct request *r,
                           struct run *a)
{
    if (a->state != RUN_CLAIMED)
        return refused("wrong_state", "state");
    if (a->lease == PAST)
        return refused("stale", "lease");
    if (e->remote == REMOTE_WRONG)
        return refused("invalid_field", "remote");
    const char *why = start_fault(w, e, r, a);
    if (why)
        return start_refused(r, a, why);
    run_move(a, RUN_STARTING, "worker");
    a->remote = e->remote;
    return fine(NULL);
}

static void run_begins(struct request *r, struct run *a, const char *actor)
{
    run_move(a, RUN_RUNNING, actor);
    request_move(r, REQUEST_RUNNING, actor);
    r->expires = NEVER;
}

static struct answer mark_running(struct world *w, const struct element *e, struct request *r,
                                  struct run *a)
{
    (void)w, (void)e;
    if (a->state != RUN_STARTING && a->state != RUN_RUNNING)
        return refused("wrong_state", "state");
    if (a->lease == PAST)
        return refused("stale", "lease");
    if (a->state == RUN_STARTING)
        run_begins(r, a, "worker");
    return fine("running");
}

void run_give_up(struct request *r, struct run *a, const char *actor)
{
    run_move(a, RUN_FAILED, actor);
    if (r->state != REQUEST_APPROVED)
        return;
    request_move(r, REQUEST_FAILED, actor);
    r->expires = NEVER;
}

static struct answer release(struct world *w, const struct element *e, struct request *r,
                             struct run *a)
{
    (void)w;
    if ((a->state != RUN_CLAIMED && a->state != RUN_STARTING) ||
        (a->state == RUN_STARTING && !e->not_started))
        return refused("wrong_state", "state");
    run_move(a, RUN_READY, "worker");
    a->worker = -1;
    a->lease = NEVER;
    a->remote = REMOTE_NONE;
    a->due = false;
    if (a->told_to_stop) {
        run_drop(a, "system");
        if (r->state == REQUEST_APPROVED)
            set_aside(r, "cancelled");
        return fine("cancelled");
    }
    if (!e->fails)
        return fine("ready");
    run_give_up(r, a, "worker");
    return fine("failed");
}

static void retry(struct world *w, struct request *r, const struct run *lost)
{
    int tries = 0;
    for (int i = 0; i < r->run_count; i++)
        tries += r->runs[i].round == lost->round;
    if (!r->retry_safe || tries >= 3 || lost->told_to_stop || lost->too_old ||
        !still_approved(w, r))
        return;
    r->runs[r->run_count++] = (struct run){.revision = r->revision,
                                           .round = r->round,
                                           .worker = -1,
                                           .decision = lost->decision,
                                           .state = RUN_READY};
}

static bool evidence_counts(const struct request *r, const struct run *a)
{
    return r->state == REQUEST_UNKNOWN && a == &r->runs[r->run_count - 1];
}

bool run_is_open(const struct request *r, const struct run *a)
{
    return a->state == RUN_UNKNOWN && a->adopt != NEVER &&
           (a->lease == AHEAD || (a->adopt == AHEAD && a->adoptions < 5)) && evidence_counts(r, a);
}

void run_left_open(struct world *w, struct request *r, struct run *a, bool adopt, const char *actor)
{
    request_move(r, REQUEST_UNKNOWN, actor);
    if (adopt) {
        a->adopt = AHEAD;
        a->due = true;
    } else {
        retry(w, r, a);
    }
}

void adoption_close(struct world *w, struct request *r, struct run *a)
{
    a->adopt = a->lease = NEVER;
    r->touched = true;
    if (evidence_counts(r, a))
        retry(w, r, a);
}

void run_lost(struct world *w, struct request *r, struct run *a)
{
    r->touched = true;
    a->lease = NEVER;
    if (a->state == RUN_CLAIMED) {
        run_move(a, RUN_READY, "system");
        a->worker = -1;
        return;
    }
    run_move(a, RUN_UNKNOWN, "system");
    if (r->state != REQUEST_RUNNING)
        request_move(r, REQUEST_RUNNING, "system");
    r->expires = NEVER;
    run_left_open(w, r, a, a->remote == REMOTE_FINDABLE, "system");
}

static enum request_state request_ends(int outcome, enum request_state was)
{
    if (outcome == RUN_SUCCEEDED)
        return REQUEST_SUCCEEDED;
    return outcome == RUN_CANCELLED && was == REQUEST_RUNNING ? REQUEST_CANCELLED : REQUEST_FAILED;
}

/* A result that is wrong in itself; only looked at when it would count. */
static const struct answer finish_flaws[] = {
    {.code = "ok"},
    {.code = "conflict", .field = "items.1"},
    {.code = "invalid_field", .field = NULL},
};

static struct answer end_of_run(struct world *w, const struct element *e, struct request *r,
                                struct run *a)
{
    if (e->flaw)
        return refused(finish_flaws[e->flaw].code, finish_flaws[e->flaw].field);
    if (a->state == RUN_STARTING)
        run_begins(r, a, "worker");
    a->lease = a->adopt = NEVER;
    a->stored |= (unsigned)e->item << 1; /* item 1 */
    run_move(a, (enum run_state)e->outcome, "worker");
    if (e->outcome == RUN_UNKNOWN)
        run_left_open(w, r, a, a->remote == REMOTE_FINDABLE && !e->no_adoption, "worker");
    else
        request_move(r, request_ends(e->outcome, r->state), "worker");
    return fine(run_state_name((enum run_state)e->outcome));
}

static struct answer finish(struct world *w, const struct element *e, struct request *r,
                            struct run *a)
{
    if (a->state <= RUN_CLAIMED)
        return refused("wrong_state", "state");
    if (e->outcome < 0)
        return refused("invalid_field", "outcome");
    if (a->state == RUN_STARTING || a->state == RUN_RUNNING)
        return end_of_run(w, e, r, a);
    if (a->state == RUN_UNKNOWN && e->outcome == RUN_UNKNOWN && a->lease == AHEAD) {
        adoption_close(w, r, a);
        return fine("unknown");
    }
    if (a->state != RUN_UNKNOWN || e->outcome == RUN_UNKNOWN)
        return (int)a->state == e->outcome ? fine(run_state_name(a->state))
                                           : refused("wrong_state", "state");
    return evidence_counts(r, a) ? end_of_run(w, e, r, a) : refused("wrong_state", "state");
}

struct answer expect_run(struct world *w, const struct element *e)
{
    static struct answer (*const rule[CALLS])(struct world *, const struct element *,
                                              struct request *, struct run *) = {
        [START] = start, [MARK_RUNNING] = mark_running, [RELEASE] = release, [FINISH] = finish};
    const struct place at = run_held(w, e->run_id, e->fence, e->worker);
    return at.a ? rule[e->call](w, e, at.r, at.a) : refused("stale", "fence");
}
