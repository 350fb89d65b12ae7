/* What is no batch of elements: claims, leases, outputs, adoptions and sweeps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/gen/statements.h"
#include "tests/model/acts.h"
#include "tests/model/people.h"
#include "tests/model/rules_run.h"

#define BIT(state) (1u << (state))
#define RACED 12 /* of the acts, the first: people and other times stay as they are in a race */
#define HELD (BIT(RUN_CLAIMED) | BIT(RUN_STARTING) | BIT(RUN_RUNNING) | BIT(RUN_UNKNOWN))

static void act_claim(struct play *play)
{
    struct world *w = &play->world;
    AUTO(rows) struct rows *rows = NULL;
    AUTO(buffer) struct buffer ids = {0};
    struct error err = {0};
    const int worker = below(w, WORKERS);
    const int count = 1 + below(w, 12);
    int64_t wanted[12];
    for (int i = 0; i < count; i++) {
        struct element e = {0};
        draw_run(w, BIT(RUN_READY), &e);
        wanted[i] = e.run_id;
        buffer_printf(&ids, "%s%lld", i ? "," : "{", (long long)e.run_id);
    }
    buffer_add_text(&ids, "}");
    play_note(play, "claim %s by worker %d", ids.data, worker);
    play->events += count;
    if (!play_ok(play,
                 sql_claim_attempts(play->worker, w->worker_ids[worker], ids.data, LEASE_MS, &rows,
                                    &err),
                 &err))
        return;
    size_t claimed = 0;
    for (int i = 0; i < count; i++)
        claimed += expect_claim(w, wanted[i], worker);
    if (claimed != rows_count(rows))
        play_differs(play, "%zu runs could be claimed, and %zu were", claimed, rows_count(rows));
    for (size_t i = 0; i < rows_count(rows); i++) {
        const struct place at =
            run_held(w, rows_integer(rows, i, 0), rows_integer(rows, i, 1), worker);
        char digest[65] = "";
        if (rows_bytes(rows, i, 7).len == 32)
            hex_encode(rows_bytes(rows, i, 7).data, 32, digest);
        if (!at.a || at.a->state != RUN_CLAIMED || !same_text(digest, at.r->digest))
            play_differs(play, "run %lld is claimed otherwise",
                         (long long)rows_integer(rows, i, 0));
    }
}

static void act_heartbeat(struct play *play)
{
    struct world *w = &play->world;
    AUTO(rows) struct rows *rows = NULL;
    AUTO(buffer) struct buffer items = {0};
    struct error err = {0};
    struct element e[8] = {0};
    const int worker = below(w, WORKERS);
    const int count = 1 + below(w, 8);
    for (int i = 0; i < count; i++) {
        draw_run(w, HELD, &e[i]);
        buffer_printf(&items, "%s{\"id\":%lld,\"fence\":%lld}", i ? "," : "[",
                      (long long)e[i].run_id, (long long)e[i].fence);
    }
    buffer_add_text(&items, "]");
    play_note(play, "heartbeat %s by worker %d", items.data, worker);
    play->events += count;
    if (!play_ok(play,
                 sql_heartbeat(play->worker, w->worker_ids[worker], items.data, LEASE_MS, count,
                               &rows, &err),
                 &err))
        return;
    json_t *told = json_loads(rows_text(rows, 0, 0), 0, NULL);
    const json_t *list = json_object_get(told, "attempts");
    play_note(play, "  %.400s", rows_text(rows, 0, 0));
    for (int i = 0; i < count; i++) {
        const json_t *one = json_array_get(list, (size_t)i);
        const struct run *a = run_held(w, e[i].run_id, e[i].fence, worker).a;
        const bool must = expect_heartbeat(w, e[i].run_id, e[i].fence, worker);
        if (json_is_true(json_object_get(one, "ok")) != must ||
            json_is_true(json_object_get(one, "cancel")) != (must && a->told_to_stop))
            play_differs(play, "heartbeat %d must be answered %s", i, must ? "ok" : "not ok");
    }
    json_decref(told);
}

static void act_chunk(struct play *play)
{
    struct world *w = &play->world;
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    struct element e = {0};
    draw_run(w, BIT(RUN_RUNNING) | BIT(RUN_STARTING) | BIT(RUN_UNKNOWN), &e);
    const struct run *a = e.request < 0 ? NULL : &w->requests[e.request].runs[e.run];
    const int bit = 1 + below(w, a ? a->adoptions + 1 : 1);
    const bool same = !a || !(a->stored & BIT(bit)) || chance(w, 70);
    play_note(play, "output %d of run %lld, fence %lld", bit, (long long)e.run_id,
              (long long)e.fence);
    play->events++;
    const bool ok = sql_output_chunk_put(play->worker, e.run_id, e.fence, 100 * (bit - 1) + 1, 0,
                                         bytes_of(same ? "x" : "y"), &rows, &err);
    const struct answer must = expect_chunk(w, &e, bit, same);
    const char *code = ok ? "ok" : error_name(err.code);
    if (!same_text(code, must.code))
        play_differs(play, "output must be answered %s, and was %s", must.code, code);
}

static void act_adopt(struct play *play)
{
    struct world *w = &play->world;
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    const int worker = below(w, WORKERS);
    play_note(play, "adopt by worker %d", worker);
    play->events++;
    if (!play_ok(play,
                 sql_adopt_attempts(play->worker, w->worker_ids[worker], "{local,e2b,daytona}",
                                    LEASE_MS, 50, &rows, &err),
                 &err))
        return;
    int must = 0;
    for (int i = 0; i < w->request_count; i++) {
        struct request *r = &w->requests[i];
        for (int k = 0; k < r->run_count; k++)
            must += expect_adopt(w, r, &r->runs[k], worker);
    }
    int told = 0;
    for (size_t i = 0; i < rows_count(rows); i++)
        told += run_held(w, rows_integer(rows, i, 0), rows_integer(rows, i, 1), worker).a != NULL;
    if (must != told)
        play_differs(play, "%d runs could be adopted, and %d were", must, told);
}

static void adoption_ends(struct play *play, const struct element *e, bool final)
{
    struct world *w = &play->world;
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    play_note(play, "adoption of run %lld, fence %lld ends%s", (long long)e->run_id,
              (long long)e->fence, final ? " for good" : "");
    play->events++;
    if (!play_ok(play,
                 sql_adoption_end(play->worker, w->worker_ids[e->worker], e->run_id, e->fence,
                                  "gone", final, &rows, &err),
                 &err))
        return;
    const bool must = expect_adoption_end(w, e, final);
    if (rows_integer(rows, 0, 0) != must)
        play_differs(play, "the end of an adoption must be answered %d", must);
}

static void act_adoption_end(struct play *play)
{
    struct element e = {0};
    draw_run(&play->world, BIT(RUN_UNKNOWN), &e);
    adoption_ends(play, &e, chance(&play->world, 30));
}

void adoptions_end(struct play *play)
{
    for (int i = 0; i < play->world.request_count; i++) {
        const struct request *r = &play->world.requests[i];
        const struct run *a = r->run_count ? &r->runs[r->run_count - 1] : NULL;
        if (a && a->state == RUN_UNKNOWN && a->adopt != NEVER && a->lease == AHEAD)
            adoption_ends(
                play, &(struct element){.run_id = a->id, .fence = a->fence, .worker = a->worker},
                true);
    }
}

static void check_hints(struct play *play, const json_t *list, unsigned away)
{
    struct world *w = &play->world;
    for (int i = 0; i < w->request_count; i++) {
        for (int k = 0; k < w->requests[i].run_count; k++) {
            const struct run *a = &w->requests[i].runs[k];
            bool told = false;
            for (size_t n = 0; n < json_array_size(list); n++)
                told |= json_integer_value(json_object_get(json_array_get(list, n), "id")) == a->id;
            if (a->id && told != expect_hint(w, &w->requests[i], a, away))
                play_differs(play, "a sweep tells%s of run %lld", told ? "" : " nothing",
                             (long long)a->id);
        }
    }
}

void act_sweep(struct play *play)
{
    static const char *const lists[] = {"{}", "{\"local\":\"x\"}", "{\"e2b\":\"x\"}",
                                        "{\"daytona\":\"x\"}"};
    struct world *w = &play->world;
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    const int worker = below(w, WORKERS);
    const int away = chance(w, 70) ? 0 : 1 + below(w, BACKENDS);
    play_note(play, "sweep by worker %d, away %s", worker, lists[away]);
    play->events++;
    if (!play_ok(play,
                 sql_sweep(play->worker, w->worker_ids[worker], 10000, lists[away], &rows, &err),
                 &err))
        return;
    const unsigned bits = away ? 1u << (away - 1) : 0;
    struct swept must = {0};
    expect_sweep(w, worker, bits, &must);
    json_t *told = json_loads(rows_text(rows, 0, 0), 0, NULL);
    const bool cancel = json_is_true(json_object_get(told, "cancel"));
    const bool adoptable = json_is_true(json_object_get(told, "adoptable"));
    if (json_integer_value(json_object_get(told, "lost")) != must.lost ||
        json_integer_value(json_object_get(told, "expired")) != must.expired ||
        cancel != must.cancel || adoptable != must.adoptable)
        play_differs(play, "a sweep must find lost %d, expired %d, cancel %d, adoptable %d: %.900s",
                     must.lost, must.expired, must.cancel, must.adoptable, rows_text(rows, 0, 0));
    check_hints(play, json_object_get(told, "ready"), bits);
    json_decref(told);
}

static void act_orphans(struct play *play)
{
    struct world *w = &play->world;
    AUTO(rows) struct rows *rows = NULL;
    AUTO(buffer) struct buffer items = {0};
    struct error err = {0};
    struct element e = {0};
    draw_run(w, HELD, &e);
    buffer_printf(&items, "[{\"attempt\":%lld,\"fence\":%lld,\"remote_id\":\"s\"}]",
                  (long long)e.run_id, (long long)e.fence);
    play->events++;
    if (!play_ok(play, sql_orphans(play->worker, items.data, 0, &rows, &err), &err))
        return;
    const struct request *r = e.request < 0 ? NULL : &w->requests[e.request];
    const struct run *a = r ? &r->runs[e.run] : NULL;
    const bool owned = a && a->fence == e.fence &&
                       ((a->state >= RUN_CLAIMED && a->state <= RUN_RUNNING) || run_is_open(r, a));
    const bool orphan = !same_text(rows_text(rows, 0, 0), "[]");
    if (orphan == owned)
        play_differs(play, "the sandbox of run %lld is%s owned", (long long)e.run_id,
                     owned ? "" : " not");
}

void play_act(struct play *play)
{
    static void (*const acts[])(struct play *) = {
        act_claim,   act_claim,        act_claim,   act_heartbeat, act_heartbeat, act_chunk,
        act_adopt,   act_adoption_end, act_sweep,   act_sweep,     act_orphans,   lease_passes,
        time_passes, time_passes,      time_passes, pauses_change, people_change, people_change};
    const int count = play->racing ? RACED : COUNT_OF(acts);
    if (play->world.request_count)
        acts[below(&play->world, count)](play);
}

static void cancel_all(struct play *play)
{
    struct element list[BATCH];
    int count = 0;
    for (int i = 0; i < play->world.request_count; i++) {
        const struct request *r = &play->world.requests[i];
        if (r->state <= REQUEST_UNKNOWN)
            list[count++] = (struct element){.call = CANCEL,
                                             .who = ROOT,
                                             .request = i,
                                             .request_id = r->id,
                                             .revision = r->revision};
        if (count && (count == BATCH || i == play->world.request_count - 1)) {
            play_send(play, list, count, false);
            count = 0;
        }
    }
    if (count)
        play_send(play, list, count, false);
    play_compare(play);
}

void play_end(struct play *play)
{
    pauses_end(play);
    for (int i = 0; i < 3 && !play->failed; i++) {
        act_adopt(play);
        play_compare(play);
        adoptions_end(play);
        act_sweep(play);
        play_compare(play);
        cancel_all(play);
    }
    if (!play->failed)
        play_compare_all(play);
}
