/* Claims, leases, adoptions, and what a sweep finds. */
#include <stddef.h>

#include "tests/model/people.h"
#include "tests/model/rules_run.h"

static struct place run_named(struct world *w, int64_t id)
{
    for (int i = 0; i < w->request_count; i++)
        for (int k = 0; k < w->requests[i].run_count; k++)
            if (w->requests[i].runs[k].id == id)
                return (struct place){&w->requests[i], &w->requests[i].runs[k]};
    return (struct place){NULL, NULL};
}

bool expect_claim(struct world *w, int64_t id, int worker)
{
    const struct place at = run_named(w, id);
    if (!at.a || at.a->state != RUN_READY || !at.a->due || is_paused(w, at.r))
        return false;
    run_move(at.a, RUN_CLAIMED, "worker");
    at.a->fence++;
    at.a->worker = worker;
    at.a->lease = AHEAD;
    at.r->touched = true;
    return true;
}

bool expect_heartbeat(struct world *w, int64_t id, int64_t fence, int worker)
{
    const struct run *a = run_held(w, id, fence, worker).a;
    return a && a->lease == AHEAD &&
           ((a->state >= RUN_CLAIMED && a->state <= RUN_RUNNING) ||
            (a->state == RUN_UNKNOWN && a->adopt != NEVER));
}

bool expect_adopt(struct world *w, struct request *r, struct run *a, int worker)
{
    (void)w;
    if (!run_is_open(r, a) || a->lease == AHEAD || !a->due)
        return false;
    a->worker = worker;
    a->adoptions++;
    a->lease = AHEAD;
    r->touched = true;
    return true;
}

bool expect_adoption_end(struct world *w, const struct element *e, bool final)
{
    const struct place at = run_held(w, e->run_id, e->fence, e->worker);
    struct run *a = at.a;
    if (!a || a->state != RUN_UNKNOWN || a->adopt == NEVER || a->lease == NEVER)
        return false;
    if (final) {
        adoption_close(w, at.r, a);
        return true;
    }
    a->lease = NEVER;
    a->due = false;
    const unsigned of_this_try = ~0u << (a->adoptions + 1); /* bit 1 + n: item 100 n + 1 */
    if (!(a->stored & of_this_try))
        a->adoptions--;
    return true;
}

struct answer expect_chunk(struct world *w, const struct element *e, int bit, bool same)
{
    const struct place at = run_named(w, e->run_id);
    if (!at.a || at.a->fence != e->fence ||
        (at.a->state != RUN_STARTING && at.a->state != RUN_RUNNING && at.a->state != RUN_UNKNOWN))
        return refused("stale", "fence");
    if (at.a->stored & (1u << bit) && !same)
        return refused("conflict", NULL);
    at.a->stored |= 1u << bit;
    return fine(NULL);
}

typedef void visit_fn(struct world *w, struct request *r, struct run *a, struct swept *swept);

static void each_run(struct world *w, struct swept *swept, visit_fn *visit)
{
    for (int i = 0; i < w->request_count; i++) {
        struct request *r = &w->requests[i];
        const int count = r->run_count; /* those that come by this are not looked at */
        for (int k = 0; k < count; k++)
            visit(w, r, &r->runs[k], swept);
    }
}

static void lose(struct world *w, struct request *r, struct run *a, struct swept *swept)
{
    if (a->state < RUN_CLAIMED || a->state > RUN_RUNNING || a->lease != PAST)
        return;
    run_lost(w, r, a);
    swept->lost++;
}

static void expire_requests(struct world *w, struct swept *swept)
{
    for (int i = 0; i < w->request_count; i++) {
        struct request *r = &w->requests[i];
        struct run *a = live_run(r);
        if (r->state > REQUEST_APPROVED || r->expires != PAST || (a && a->state >= RUN_STARTING))
            continue;
        run_drop(a, "system");
        request_move(r, REQUEST_EXPIRED, "system");
        r->expires = NEVER;
        swept->expired++;
    }
}

static void drop_old(struct world *w, struct request *r, struct run *a, struct swept *swept)
{
    (void)w, (void)swept;
    if (a->state != RUN_READY || !a->too_old)
        return;
    run_drop(a, "system");
    r->touched = true;
}

static void give_up_waiting(struct world *w, unsigned away)
{
    for (int i = 0; i < w->request_count; i++) {
        struct request *r = &w->requests[i];
        struct run *a = live_run(r);
        if (r->rather_fails && a && a->state == RUN_READY && (a->fence > 0 || a->due) &&
            away & (1u << r->backend)) {
            run_give_up(r, a, "system");
            r->touched = true;
        }
    }
}

static void close_offer(struct world *w, struct request *r, struct run *a, struct swept *swept)
{
    (void)swept;
    if (a->state == RUN_UNKNOWN && a->adopt != NEVER && !run_is_open(r, a))
        adoption_close(w, r, a);
}

void expect_sweep(struct world *w, int worker, unsigned away, struct swept *ret_swept)
{
    *ret_swept = (struct swept){0};
    each_run(w, ret_swept, lose);
    expire_requests(w, ret_swept);
    each_run(w, ret_swept, drop_old);
    give_up_waiting(w, away);
    each_run(w, ret_swept, close_offer);
    for (int i = 0; i < w->request_count; i++) {
        for (int k = 0; k < w->requests[i].run_count; k++) {
            const struct request *r = &w->requests[i];
            const struct run *a = &r->runs[k];
            const bool live = a->state >= RUN_CLAIMED && a->state <= RUN_RUNNING;
            const bool held = a->state == RUN_UNKNOWN && a->adopt != NEVER && a->lease == AHEAD;
            ret_swept->cancel |= a->told_to_stop && a->worker == worker && (live || held);
            ret_swept->adoptable |= run_is_open(r, a) && !held && a->due;
        }
    }
}

bool expect_hint(const struct world *w, const struct request *r, const struct run *a, unsigned away)
{
    return a->state == RUN_READY && a->due && !is_paused(w, r) && !(away & (1u << r->backend));
}
