#include "tests/model/acts.h"

#include <stdio.h>
#include <string.h>

#include "build/gen/statements.h"
#include "tests/model/people.h"
#include "tests/model/rules_run.h"

/* X(suffix, what becomes past) */
#define MOMENT(name, table, column)                                                                \
    {                                                                                              \
        "model_" name,                                                                             \
            "update cs." table " set " column " = clock_timestamp() - interval '1 second'"         \
            " where id = any ($1::bigint[]) and " column " is not null",                           \
            __FILE__, __LINE__, 1, ROWS_TEXT                                                       \
    }
static const struct statement lease_ends = MOMENT("lease", "attempt", "lease_until");
static const struct statement falls_due = MOMENT("due", "attempt", "not_before");
static const struct statement offer_ends = MOMENT("offer", "attempt", "adopt_until");
static const struct statement expires = MOMENT("expires", "request", "expires_at");
static const struct statement grows_old = {
    "model_old",
    "update cs.attempt set valid_until = valid_until - interval '2 days'"
    " where id = any ($1::bigint[])",
    __FILE__,
    __LINE__,
    1,
    ROWS_TEXT};
static void move(struct play *play, const struct statement *statement, int64_t id)
{
    char list[40];
    snprintf(list, sizeof list, "{%lld}", (long long)id);
    play_note(play, "%s of %s", statement->name, list);
    rows_free(play_root(play, statement, list));
}

static void request_expires(struct play *play)
{
    struct world *w = &play->world;
    const int i =
        draw_request(w, 1u << REQUEST_PENDING | 1u << REQUEST_CHANGES | 1u << REQUEST_APPROVED);
    if (i < 0 || w->requests[i].state > REQUEST_APPROVED)
        return;
    move(play, &expires, w->requests[i].id);
    w->requests[i].expires = PAST;
    w->requests[i].touched = true;
}

void lease_passes(struct play *play)
{
    struct world *w = &play->world;
    struct element e = {0};
    draw_run(w, 1u << RUN_CLAIMED | 1u << RUN_STARTING | 1u << RUN_RUNNING | 1u << RUN_UNKNOWN, &e);
    struct run *a = e.request < 0 ? NULL : &w->requests[e.request].runs[e.run];
    if (!a || a->lease != AHEAD)
        return;
    move(play, &lease_ends, a->id);
    a->lease = PAST;
    w->requests[e.request].touched = true;
}

/* An approval that is too old is only ever met once: the compared rows want their own dates. */
static void old_run_is_met(struct play *play, const struct request *r, const struct run *a)
{
    struct element e = {.call = a->state == RUN_CLAIMED ? START : FINISH,
                        .run_id = a->id,
                        .fence = a->fence,
                        .worker = a->worker,
                        .decision = a->decision,
                        .outcome = RUN_UNKNOWN,
                        .request = -1};
    memcpy(e.digest, r->digest, sizeof e.digest);
    if (a->state == RUN_READY)
        act_sweep(play);
    else
        play_send(play, &e, 1, false);
}

void time_passes(struct play *play)
{
    struct world *w = &play->world;
    struct element e = {0};
    draw_run(w, ~(~0u << (RUN_UNKNOWN + 1)), &e);
    if (e.request < 0 || chance(w, 15)) {
        request_expires(play);
        return;
    }
    struct request *r = &w->requests[e.request];
    struct run *a = &r->runs[e.run];
    r->touched = true;
    if (chance(w, 8) && a->state <= RUN_UNKNOWN && !play->shifted) {
        move(play, &grows_old, a->id); /* until the end of the next call */
        a->too_old = true;
        play->shifted = a->id;
        if (r->state == REQUEST_APPROVED) { /* both have the same date */
            move(play, &expires, r->id);
            r->expires = PAST;
        }
        old_run_is_met(play, r, a);
    } else if (a->lease == AHEAD) {
        move(play, &lease_ends, a->id);
        a->lease = PAST;
    } else if (!a->due && (a->state == RUN_READY || a->adopt != NEVER)) {
        move(play, &falls_due, a->id);
        a->due = true;
    } else if (a->adopt == AHEAD) {
        move(play, &offer_ends, a->id);
        a->adopt = PAST;
    }
}
