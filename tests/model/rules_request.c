#include <string.h>

#include "tests/model/people.h"
#include "tests/model/rules.h"

/* What can be wrong with code that is submitted, and what is said then. */
static const struct answer submit_flaws[] = {
    {.code = "ok"},
    {.code = "missing_field", .field = "code"},
    {.code = "invalid_field", .field = "language"},
    {.code = "invalid_field", .field = "title"},
    {.code = "invalid_field", .field = "files.0.id"},
    {.code = "invalid_field", .field = "limits.wall_ms"},
};

static bool is_disabled(const struct world *w, int who)
{
    return who >= 0 && w->people[who].disabled;
}

/* Signed in, and with a token whose scopes allow it, of an agent for whom somebody answers. */
static bool may_call(const struct world *w, const struct element *e, struct answer *ret_answer)
{
    const bool scoped = e->call == DECIDE || e->call == UNDO || e->call == SETTLE;
    if (e->who < 0 || is_disabled(w, e->who) ||
        (e->token && is_disabled(w, w->people[e->who].owner)))
        *ret_answer = refused("unauthenticated", NULL);
    else if (e->token && scoped)
        *ret_answer = refused("forbidden", NULL);
    else
        return true;
    return false;
}

static bool may_ask_for(const struct world *w, const struct element *e, int team,
                        struct answer *ret_answer)
{
    const struct person *p = &w->people[e->who];
    if (!p->analyst && !p->agent)
        *ret_answer = refused("wrong_role", NULL);
    else if (team >= 0 && !(p->teams & (1u << team)))
        *ret_answer = refused("invalid_field", "team_id");
    else if (team < 0 && p->teams != 1 && p->teams != 2)
        *ret_answer = refused("missing_field", "team_id");
    else
        return true;
    return false;
}

static struct answer request_make(struct world *w, const struct element *e,
                                  const struct request *like)
{
    struct request *r = &w->requests[w->request_count];
    *r = *like;
    r->author = e->who;
    r->makers = makers_of(w, e->who);
    r->state = REQUEST_PENDING;
    r->expires = AHEAD;
    r->revision = r->round = 1;
    r->run_count = 0;
    r->decision.round = 0;
    r->touched = true;
    struct answer answer = fine("pending");
    answer.made = w->request_count++;
    return answer;
}

static struct answer submit(struct world *w, const struct element *e)
{
    struct answer answer;
    if (!may_ask_for(w, e, e->team, &answer))
        return answer;
    if (e->flaw)
        return refused(submit_flaws[e->flaw].code, submit_flaws[e->flaw].field);
    struct request like = {.team = e->team >= 0 ? e->team : w->people[e->who].teams == 2,
                           .again_of = -1,
                           .backend = e->backend,
                           .retry_safe = e->retry_safe,
                           .rather_fails = e->rather_fails};
    return request_make(w, e, &like);
}

static struct answer run_again(struct world *w, const struct element *e, struct request *r)
{
    struct answer answer;
    if (r->state == REQUEST_PENDING || r->state == REQUEST_APPROVED || r->state == REQUEST_RUNNING)
        return refused("wrong_state", NULL);
    if (!may_ask_for(w, e, r->team, &answer))
        return answer;
    struct request like = *r;
    like.again_of = e->request;
    return request_make(w, e, &like);
}

static struct answer revise(struct world *w, const struct element *e, struct request *r)
{
    if (r->author != e->who && !is_reviewer(w, e->who, r->team) &&
        w->people[r->author].owner != e->who)
        return refused("wrong_role", NULL);
    if (e->revision != r->revision)
        return refused("stale", "revision");
    if (r->state != REQUEST_PENDING && r->state != REQUEST_CHANGES)
        return refused("wrong_state", NULL);
    if (e->flaw)
        return refused(submit_flaws[e->flaw].code, submit_flaws[e->flaw].field);
    if (r->state != REQUEST_PENDING)
        request_move(r, REQUEST_PENDING, w->people[e->who].agent ? "agent" : "human");
    r->revision++;
    r->round++;
    r->expires = AHEAD;
    r->makers |= makers_of(w, e->who);
    return fine("pending");
}

static struct answer approve(struct world *w, const struct element *e, struct request *r)
{
    (void)w;
    request_move(r, REQUEST_APPROVED, "human");
    r->expires = AHEAD;
    r->runs[r->run_count++] = (struct run){.revision = r->revision,
                                           .round = r->round,
                                           .worker = -1,
                                           .due = !e->late,
                                           .state = RUN_READY};
    return fine("approved");
}

static bool may_decide(const struct world *w, const struct element *e, const struct request *r,
                       struct answer *ret_answer)
{
    const bool decided = r->decision.round == r->round;
    if (e->flaw == 1)
        *ret_answer = refused("invalid_field", "verdict");
    else if (e->revision != r->revision)
        *ret_answer = refused("stale", "revision");
    else if (r->state != REQUEST_PENDING)
        *ret_answer = refused(decided ? "already_decided" : "wrong_state", NULL);
    else if (!same_text(e->digest, r->digest))
        *ret_answer = refused(*e->digest ? "stale" : "invalid_field", "bundle_sha256");
    else if (e->flaw == 2 && e->verdict != APPROVE)
        *ret_answer = refused("missing_field", "note");
    else if (e->round != r->round)
        *ret_answer = refused("stale", NULL);
    else
        return true;
    (void)w;
    return false;
}

static struct answer decide(struct world *w, const struct element *e, struct request *r)
{
    struct answer answer;
    if (is_own(w, e->who, r))
        return refused("own_request", NULL);
    if (!is_reviewer(w, e->who, r->team))
        return refused("wrong_role", NULL);
    if (r->decision.round == r->round && r->decision.reviewer == e->who && e->flaw != 1 &&
        r->decision.verdict == e->verdict && e->revision == r->revision &&
        same_text(e->digest, r->digest)) { /* the answer was lost, and it is asked again */
        answer = fine(request_state_name(r->state));
        answer.id = r->decision.id;
        return answer;
    }
    if (!may_decide(w, e, r, &answer))
        return answer;
    r->decision.round = r->round;
    r->decision.reviewer = e->who;
    r->decision.verdict = e->verdict;
    r->decision.id = 0;
    if (e->verdict == APPROVE)
        return approve(w, e, r);
    request_move(r, e->verdict == REJECT ? REQUEST_REJECTED : REQUEST_CHANGES, "human");
    if (e->verdict == REJECT)
        r->expires = NEVER;
    return fine(request_state_name(r->state));
}

static struct answer undo(struct world *w, const struct element *e, struct request *r)
{
    const bool approved_it = r->decision.round == r->round && r->decision.reviewer == e->who &&
                             r->decision.verdict == APPROVE;
    struct run *a = live_run(r);
    if (!approved_it && !w->people[e->who].admin)
        return refused("wrong_role", NULL);
    if (a && a->state >= RUN_STARTING && approved_it) {
        a->told_to_stop = true;
        return fine(request_state_name(r->state));
    }
    if (r->state != REQUEST_APPROVED || (a && a->state >= RUN_STARTING))
        return refused("wrong_state", NULL);
    run_drop(a, "human");
    back_to_review(r, "human");
    return fine("pending");
}

/* A lost run of which its service may still say how it ended. */
static struct run *open_run(struct request *r)
{
    struct run *a = r->run_count ? &r->runs[r->run_count - 1] : NULL;
    const bool open = a && a->state == RUN_UNKNOWN && a->adopt != NEVER &&
                      (a->lease == AHEAD || (a->adopt == AHEAD && a->adoptions < 5));
    return open ? a : NULL;
}

static struct answer cancel(struct world *w, const struct element *e, struct request *r)
{
    const char *actor = w->people[e->who].agent ? "agent" : "human";
    if (r->author != e->who && !w->people[e->who].admin && w->people[r->author].owner != e->who)
        return refused("wrong_role", NULL);
    struct run *a = live_run(r);
    if (!a && r->state == REQUEST_UNKNOWN)
        a = open_run(r);
    if (a && a->state >= RUN_STARTING) {
        a->told_to_stop = true;
        return fine(request_state_name(r->state));
    }
    if (a && r->state == REQUEST_UNKNOWN) {
        run_drop(a, actor);
        return fine("outcome_unknown");
    }
    if (r->state > REQUEST_APPROVED)
        return refused("wrong_state", NULL);
    run_drop(a, actor);
    request_move(r, REQUEST_CANCELLED, actor);
    r->expires = NEVER;
    return fine("cancelled");
}

static struct answer settle(struct world *w, const struct element *e, struct request *r)
{
    if (!w->people[e->who].admin && !is_reviewer(w, e->who, r->team))
        return refused("wrong_role", NULL);
    if (is_own(w, e->who, r))
        return refused("own_request", NULL);
    if (e->flaw == 1)
        return refused("invalid_field", "outcome");
    struct run *live = live_run(r);
    if (r->state != REQUEST_UNKNOWN || (live && live->state >= RUN_STARTING))
        return refused("wrong_state", NULL);
    run_drop(live, "human");
    for (int i = 0; i < r->run_count; i++) {
        struct run *a = &r->runs[i];
        if (a->state != RUN_UNKNOWN)
            continue;
        run_move(a, (enum run_state)e->outcome, "human");
        a->lease = a->adopt = NEVER;
    }
    request_move(r, e->outcome == RUN_SUCCEEDED ? REQUEST_SUCCEEDED : REQUEST_FAILED, "human");
    return fine(request_state_name(r->state));
}

static struct answer of_request(struct world *w, const struct element *e)
{
    struct request *r = e->request < 0 ? NULL : &w->requests[e->request];
    if (!r || !can_see(w, e->who, r))
        return refused("not_found", NULL);
    r->touched = true;
    static struct answer (*const rule[CALLS])(struct world *, const struct element *,
                                              struct request *) = {
        [RUN_AGAIN] = run_again, [REVISE] = revise, [DECIDE] = decide,
        [UNDO] = undo,           [CANCEL] = cancel, [SETTLE] = settle};
    if (e->call == SETTLE && e->flaw == 2)
        return refused("missing_field", "note");
    return rule[e->call](w, e, r);
}

static const struct kept *kept_of(const struct world *w, const struct element *e)
{
    return e->key && w->kept[e->key - 1].state[0] ? &w->kept[e->key - 1] : NULL;
}

struct answer expect_request(struct world *w, const struct element *e)
{
    struct answer answer;
    const struct kept *kept = kept_of(w, e);
    if (kept && kept->body != e->body)
        return refused("idempotency_key_reused", NULL);
    if (kept)
        return (struct answer){
            .code = "ok", .state = kept->state, .id = kept->id, .replayed = true, .made = -1};
    if (!may_call(w, e, &answer))
        return answer;
    return e->call == SUBMIT ? submit(w, e) : of_request(w, e);
}
