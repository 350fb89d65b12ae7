/* Holds rows against the model, and asks the invariants. */
#include <stdio.h>
#include <string.h>

#include "tests/model/people.h"
#include "tests/model/play.h"

#define WHEN(x)                                                                                    \
    "case when " x " is null then '-' when " x " > clock_timestamp() then '>' else '<' end"
static const struct statement request_rows = {
    "model_rows",
    "select r.id, format('%s %s %s %s', r.state, r.revision, r.round, " WHEN(
        "r.expires_at") ")"
                        " || coalesce((select string_agg(format(' | %s %s %s "
                        "%s %s %s %s%s%s %s %s', a.state, a.revision,"
                        " a.round, a.fence, coalesce(a.worker_id, 0), "
                        "a.adoptions, " WHEN("a.lease_until") ", " WHEN(
                            "a.adopt_until") ", case when a.state = 'ready' or "
                                             "a.adopt_until is not null "
                                             "then " WHEN("a.not_before") " els"
                                                                          "e "
                                                                          "'-' "
                                                                          "end,"
                                                                          " a."
                                                                          "canc"
                                                                          "el_"
                                                                          "requ"
                                                                          "este"
                                                                          "d_"
                                                                          "at "
                                                                          "is "
                                                                          "not "
                                                                          "null"
                                                                          ", "
                                                                          "a."
                                                                          "remo"
                                                                          "te "
                                                                          "is "
                                                                          "not "
                                                                          "null"
                                                                          "),"
                                                                          " '' "
                                                                          "orde"
                                                                          "r "
                                                                          "by "
                                                                          "a."
                                                                          "id) "
                                                                          "from"
                                                                          " cs."
                                                                          "atte"
                                                                          "mpt "
                                                                          "a "
                                                                          "wher"
                                                                          "e "
                                                                          "a."
                                                                          "requ"
                                                                          "est_"
                                                                          "id "
                                                                          "= "
                                                                          "r."
                                                                          "id),"
                                                                          " '')"
                                                                          ","
                                                                          " ("
                                                                          "sele"
                                                                          "ct "
                                                                          "stri"
                                                                          "ng_"
                                                                          "agg("
                                                                          "a."
                                                                          "id::"
                                                                          "text"
                                                                          ", ' "
                                                                          "' "
                                                                          "orde"
                                                                          "r "
                                                                          "by "
                                                                          "a."
                                                                          "id) "
                                                                          "from"
                                                                          " cs."
                                                                          "atte"
                                                                          "mpt "
                                                                          "a "
                                                                          "wher"
                                                                          "e "
                                                                          "a."
                                                                          "requ"
                                                                          "est_"
                                                                          "id "
                                                                          "= "
                                                                          "r."
                                                                          "id)"
                                                                          " fro"
                                                                          "m "
                                                                          "cs."
                                                                          "requ"
                                                                          "est "
                                                                          "r "
                                                                          "wher"
                                                                          "e "
                                                                          "r."
                                                                          "id "
                                                                          "= "
                                                                          "any "
                                                                          "($1:"
                                                                          ":big"
                                                                          "int["
                                                                          "])",
    __FILE__,
    __LINE__,
    1,
    false};
static const struct statement broken = {
    "model_broken",
    "select invariant, entity, id, what from invariant.violations"
    " where request_id = any ($1::bigint[])",
    __FILE__,
    __LINE__,
    1,
    false};
/* Digests, and whose own each decision was, are most of the work: left to the end of a story. */
static const struct statement broken_now = {
    "model_broken_now",
    "select invariant, entity, id, what from invariant.violations"
    " where request_id = any ($1::bigint[]) and invariant not in ('i2_own_decision', 'i13_audit')",
    __FILE__,
    __LINE__,
    1,
    false};
static const struct statement broken_rest = {
    "model_broken_rest",
    "select invariant, entity, id, what from invariant.violations where request_id is null and"
    " $1::text is not null",
    __FILE__,
    __LINE__,
    1,
    false};
/* Time stands still between two steps: what is not due yet stays so. */
static const struct statement hold_time = {
    "model_hold",
    "update cs.attempt set not_before = clock_timestamp() + interval '1 hour'"
    " where request_id = any ($1::bigint[]) and state in ('ready', 'unknown')"
    " and not_before > clock_timestamp()",
    __FILE__,
    __LINE__,
    1,
    false};
/* Not what ended meanwhile: the audit trail has its digest with the date of then. */
static const struct statement hold_back = {
    "model_unshift",
    "update cs.attempt set valid_until = valid_until + interval '2 days'"
    " where id = any ($1::bigint[]) and state in ('ready', 'claimed', 'starting', 'running')",
    __FILE__,
    __LINE__,
    1,
    false};

static const struct statement other_moves = {
    "model_moves",
    "select coalesce(m.entity, t.entity), coalesce(m.from_state, t.from_state),"
    " coalesce(m.to_state, t.to_state), coalesce(m.actor_kind, t.actor_kind)"
    " from (select split_part(l, '|', 1) as entity, split_part(l, '|', 2) as from_state,"
    " split_part(l, '|', 3) as to_state, string_to_table(split_part(l, '|', 4), ' ') as actor_kind"
    " from string_to_table(rtrim($1, E'\\n'), E'\\n') l) m"
    " full join cs.legal_move t using (entity, from_state, to_state, actor_kind)"
    " where m.entity is null or t.entity is null",
    __FILE__,
    __LINE__,
    1,
    false};

static char moment_sign(enum moment moment)
{
    static const char signs[] = {[NEVER] = '-', [AHEAD] = '>', [PAST] = '<'};
    return signs[moment];
}

static void describe(const struct world *w, const struct request *r, struct buffer *ret_text)
{
    buffer_clear(ret_text);
    buffer_printf(ret_text, "%s %d %d %c", request_state_name(r->state), r->revision, r->round,
                  moment_sign(r->expires));
    for (int i = 0; i < r->run_count; i++) {
        const struct run *a = &r->runs[i];
        const bool waits = a->state == RUN_READY || a->adopt != NEVER;
        buffer_printf(ret_text, " | %s %d %d %lld %lld %d %c%c%c %c %c", run_state_name(a->state),
                      a->revision, a->round, (long long)a->fence,
                      (long long)(a->worker < 0 ? 0 : w->worker_ids[a->worker]), a->adoptions,
                      moment_sign(a->lease), moment_sign(a->adopt),
                      !waits   ? '-'
                      : a->due ? '<'
                               : '>',
                      a->told_to_stop ? 't' : 'f', a->remote ? 't' : 'f');
    }
}

static void list_touched(struct play *play, struct buffer *ret_ids)
{
    for (int i = 0; i < play->world.request_count; i++) {
        struct request *r = &play->world.requests[i];
        if (r->touched)
            buffer_printf(ret_ids, "%s%lld", ret_ids->len ? "," : "{", (long long)r->id);
    }
    if (ret_ids->len)
        buffer_add_text(ret_ids, "}");
}

static struct request *request_named(struct world *w, int64_t id)
{
    for (int i = 0; i < w->request_count; i++)
        if (w->requests[i].id == id)
            return &w->requests[i];
    return NULL;
}

static void learn_ids(struct request *r, const char *ids)
{
    long long id = 0;
    int read = 0;
    for (int i = 0; i < r->run_count && sscanf(ids, "%lld%n", &id, &read) == 1; i++, ids += read)
        if (!r->runs[i].id)
            r->runs[i].id = id;
}

static void compare_rows(struct play *play, const char *ids)
{
    AUTO(rows) struct rows *rows = play_root(play, &request_rows, ids);
    AUTO(buffer) struct buffer must = {0};
    size_t seen = 0;
    for (size_t i = 0; rows && i < rows_count(rows); i++) {
        struct request *r = request_named(&play->world, rows_integer(rows, i, 0));
        describe(&play->world, r, &must);
        if (!same_text(must.data, rows_text(rows, i, 1)))
            play_wrong(play, "request %lld must be\n#   %s\n# and is\n#   %s", (long long)r->id,
                       must.data, rows_text(rows, i, 1));
        if (!rows_is_null(rows, i, 2))
            learn_ids(r, rows_text(rows, i, 2));
        r->touched = false;
        seen++;
    }
    for (int i = 0; i < play->world.request_count; i++)
        if (play->world.requests[i].touched)
            play_wrong(play, "request %lld is gone", (long long)play->world.requests[i].id);
}

static void report(struct play *play, const struct statement *statement, const char *ids)
{
    AUTO(rows) struct rows *rows = play_root(play, statement, ids);
    if (rows && rows_count(rows))
        play_wrong(play, "%s: %s %s %s", rows_text(rows, 0, 0), rows_text(rows, 0, 1),
                   rows_text(rows, 0, 2), rows_text(rows, 0, 3));
}

static bool something_waits(const struct world *w)
{
    for (int i = 0; i < w->request_count; i++)
        for (int k = 0; k < w->requests[i].run_count; k++)
            if (w->requests[i].touched && !w->requests[i].runs[k].due)
                return true;
    return false;
}

static void come_back(struct play *play)
{
    char id[40];
    if (!play->shifted)
        return;
    snprintf(id, sizeof id, "{%lld}", (long long)play->shifted);
    rows_free(play_root(play, &hold_back, id));
    for (int i = 0; i < play->world.request_count; i++)
        for (int k = 0; k < play->world.requests[i].run_count; k++)
            if (play->world.requests[i].runs[k].state <= RUN_RUNNING)
                play->world.requests[i].runs[k].too_old = false;
    play->shifted = 0;
}

static void compare(struct play *play, const struct statement *invariants)
{
    AUTO(buffer) struct buffer ids = {0};
    come_back(play);
    list_touched(play, &ids);
    if (!ids.len || play->failed)
        return;
    if (something_waits(&play->world))
        rows_free(play_root(play, &hold_time, ids.data));
    compare_rows(play, ids.data);
    if (!play->failed)
        report(play, invariants, ids.data);
}

void play_compare(struct play *play)
{
    compare(play, &broken_now);
}

void play_compare_all(struct play *play)
{
    for (int i = 0; i < play->world.request_count; i++)
        play->world.requests[i].touched = true;
    compare(play, &broken);
}

void play_check_moves(struct play *play)
{
    AUTO(buffer) struct buffer lines = {0};
    char line[120];
    for (int at = 0; move_next(&at, line);)
        buffer_add_text(&lines, line);
    AUTO(rows) struct rows *rows = play_root(play, &other_moves, lines.data);
    if (rows && rows_count(rows))
        play_wrong(play, "only one of model and database lets a %s go from \"%s\" to \"%s\" by %s",
                   rows_text(rows, 0, 0), rows_text(rows, 0, 1), rows_text(rows, 0, 2),
                   rows_text(rows, 0, 3));
}

void play_check_rest(struct play *play)
{
    report(play, &broken_rest, "all");
}
