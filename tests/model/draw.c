#include "tests/model/draw.h"

#include <string.h>

#include "tests/model/people.h"

#define BIT(state) (1u << (state))
static const unsigned any_state = ~0u;

/* Of those in the states at random, the newest more often; -1 when there is none. */
static int find_request(struct world *w, unsigned states)
{
    int found = -1;
    for (int i = 0, seen = 0; i < w->request_count; i++)
        if (states & BIT(w->requests[i].state) && below(w, ++seen) < 1)
            found = i;
    return found;
}

int draw_request(struct world *w, unsigned states)
{
    if (chance(w, 2))
        return -1;
    const int found = find_request(w, chance(w, 80) ? states : any_state);
    return found >= 0 ? found : find_request(w, any_state);
}

static bool find_run(struct world *w, unsigned states, int *ret_request, int *ret_run)
{
    int seen = 0;
    for (int i = 0; i < w->request_count; i++) {
        const struct request *r = &w->requests[i];
        for (int k = 0; k < r->run_count; k++) {
            if (!(states & BIT(r->runs[k].state)) || below(w, ++seen) > 0)
                continue;
            *ret_request = i;
            *ret_run = k;
        }
    }
    return seen > 0;
}

void draw_run(struct world *w, unsigned states, struct element *e)
{
    int request = 0;
    int run = 0;
    e->run_id = 0;
    e->fence = 1;
    e->worker = below(w, WORKERS);
    e->request = -1;
    if (!find_run(w, chance(w, 85) ? states : any_state, &request, &run))
        return;
    const struct request *r = &w->requests[request];
    const struct run *a = &r->runs[run];
    e->request = request;
    e->run = run;
    e->run_id = a->id;
    e->fence = a->fence - chance(w, 5);
    if (a->worker >= 0 && chance(w, 96))
        e->worker = a->worker;
    e->decision = a->decision + chance(w, 3);
    memcpy(e->digest, r->digest, sizeof e->digest);
}

static void spoil_digest(struct world *w, struct element *e)
{
    if (*e->digest && chance(w, 5))
        e->digest[3] = e->digest[3] == '0' ? '1' : '0';
}

/* Mostly somebody whose business it is. */
static int draw_person(struct world *w, const struct element *e)
{
    static const int usual[CALLS][5] = {
        [SUBMIT] = {MIA, MAX, BOTH, BOT, OTHER}, [RUN_AGAIN] = {MIA, MAX, BOTH, BOT, MADE},
        [REVISE] = {MIA, MAX, NOOR, BOT, BOTH},  [DECIDE] = {NOOR, ANNA, EVA, NOOR, BOTH},
        [UNDO] = {NOOR, ANNA, EVA, NOOR, ROOT},  [CANCEL] = {MIA, MAX, EVA, BOT, BOTH},
        [SETTLE] = {NOOR, ANNA, EVA, NOOR, BOTH}};
    if (chance(w, 2))
        return -1;
    if (chance(w, 12))
        return below(w, PEOPLE);
    const struct request *r = e->request >= 0 ? &w->requests[e->request] : NULL;
    if (r && r->team == 1 && (e->call == DECIDE || e->call == SETTLE))
        return STRANGER;
    if (r && (e->call == REVISE || e->call == CANCEL || e->call == RUN_AGAIN) && chance(w, 70))
        return r->author;
    if (r && e->call == UNDO && chance(w, 80))
        return r->decision.round ? r->decision.reviewer : NOOR;
    return usual[e->call][below(w, 5)];
}

static void draw_key(struct world *w, struct element *e)
{
    if (chance(w, 70) || w->kept_count == KEYS)
        return;
    const int old = w->kept_count ? below(w, w->kept_count) : 0;
    const struct kept *kept = &w->kept[old];
    if (w->kept_count && kept->state[0] && kept->call == (int)e->call && chance(w, 10)) {
        e->who = kept->who; /* a key of theirs once more */
        e->key = old + 1;
        e->body = kept->body + 1; /* with the same body it is a batch that is sent again */
        return;
    }
    w->kept[w->kept_count] = (struct kept){.who = e->who, .call = e->call};
    e->key = ++w->kept_count;
}

static void draw_submission(struct world *w, struct element *e)
{
    e->team = chance(w, 90) ? -1 : below(w, 2);
    if (e->who == MULTI && chance(w, 70))
        e->team = below(w, 2);
    e->flaw = chance(w, 92) ? 0 : below(w, 6);
    e->backend = below(w, BACKENDS);
    e->retry_safe = chance(w, 40);
    e->rather_fails = chance(w, 20);
}

static void draw_for_request(struct world *w, struct element *e)
{
    static const unsigned fit[CALLS] = {
        [RUN_AGAIN] = any_state & ~(BIT(REQUEST_PENDING) | BIT(REQUEST_APPROVED)),
        [REVISE] = BIT(REQUEST_PENDING) | BIT(REQUEST_CHANGES),
        [DECIDE] = BIT(REQUEST_PENDING),
        [UNDO] = BIT(REQUEST_APPROVED),
        [CANCEL] = BIT(REQUEST_PENDING) | BIT(REQUEST_APPROVED) | BIT(REQUEST_RUNNING) |
                   BIT(REQUEST_UNKNOWN),
        [SETTLE] = BIT(REQUEST_UNKNOWN),
    };
    e->request = draw_request(w, fit[e->call]);
    e->revision = 1;
    if (e->request >= 0) {
        const struct request *r = &w->requests[e->request];
        e->request_id = r->id;
        e->revision = r->revision + (chance(w, 4) ? 1 : -chance(w, 3));
        e->round = r->round - chance(w, 3);
        memcpy(e->digest, r->digest, sizeof e->digest);
        spoil_digest(w, e);
    }
    if (e->call == DECIDE && chance(w, 2))
        *e->digest = 0;
    e->verdict = chance(w, 75) ? APPROVE : chance(w, 50) ? REJECT : ASK_CHANGES;
    if (e->request >= 0 && w->requests[e->request].run_count > RUNS - 6)
        e->verdict = REJECT; /* there is no room for more */
    e->late = chance(w, 25);
    e->outcome = chance(w, 50) ? RUN_SUCCEEDED : RUN_FAILED;
    const int flaws = e->call == REVISE ? 6 : 3; /* of note, verdict or outcome else */
    e->flaw = chance(w, 92) ? 0 : below(w, flaws);
}

static void draw_for_run(struct world *w, struct element *e)
{
    static const unsigned fit[CALLS] = {
        [START] = BIT(RUN_CLAIMED),
        [MARK_RUNNING] = BIT(RUN_STARTING),
        [RELEASE] = BIT(RUN_CLAIMED) | BIT(RUN_STARTING),
        [FINISH] = BIT(RUN_RUNNING) | BIT(RUN_STARTING) | BIT(RUN_UNKNOWN),
    };
    draw_run(w, fit[e->call], e);
    spoil_digest(w, e);
    const bool outside = e->request >= 0 && w->requests[e->request].backend != LOCAL;
    e->remote = outside && chance(w, 70) ? REMOTE_FINDABLE
                : chance(w, 90)          ? REMOTE_NONE
                : chance(w, 60)          ? REMOTE_PRICE
                                         : REMOTE_WRONG;
    e->not_started = chance(w, 70);
    e->fails = chance(w, 15);
    e->no_adoption = chance(w, 20);
    static const int outcomes[] = {RUN_SUCCEEDED, RUN_SUCCEEDED, RUN_FAILED,  RUN_TIMED_OUT,
                                   RUN_CANCELLED, RUN_UNKNOWN,   RUN_UNKNOWN, -1};
    e->outcome = outcomes[below(w, 8)];
    e->item = e->outcome != RUN_UNKNOWN && chance(w, 50);
    e->flaw = chance(w, 94) ? 0 : 1 + below(w, 2);
    if (e->flaw == 1 && !e->item)
        e->flaw = 0;
}

struct element draw_element(struct world *w, enum call call)
{
    struct element e = {.call = call, .request = -1, .team = -1};
    if (call >= START) {
        draw_for_run(w, &e);
        return e;
    }
    if (call != SUBMIT)
        draw_for_request(w, &e);
    e.who = draw_person(w, &e);
    if (call == SUBMIT)
        draw_submission(w, &e);
    draw_key(w, &e);
    e.token = e.who == BOT && chance(w, 70);
    return e;
}
