/* Reads the rows of a story into the model: after a race, of which nobody knows the order. */
#include <stdlib.h>
#include <string.h>

#include "tests/model/people.h"
#include "tests/model/play.h"

#define WHEN(x) "case when " x " is null then 0 when " x " > clock_timestamp() then 1 else 2 end"
static const struct statement requests_read = {
    "model_requests",
    "select r.id, r.state, r.revision, r.round, " WHEN(
        "r.expires_at") ", r.author_id,"
                        " (r.team_id = ($1::bigint[])[2])::int, array_position(array['local', "
                        "'e2b', 'daytona'],"
                        " r.backend) - 1, r.retry_safe, r.when_unavailable = 'fail', "
                        "coalesce(r.again_of, 0),"
                        " encode(v.bundle_sha256, 'hex'), coalesce(d.id, 0), "
                        "coalesce(d.reviewer_id, 0),"
                        " coalesce(array_position(array['approve', 'reject', 'request_changes'], "
                        "d.verdict) - 1, 0),"
                        " (select string_agg(distinct e.editor_id::text, ' ') from cs.revision e"
                        " where e.request_id = r.id)"
                        " from cs.request r"
                        " join cs.revision v on v.request_id = r.id and v.revision = r.revision"
                        " left join cs.decision d on d.request_id = r.id and d.round = r.round"
                        " where r.team_id = any ($1::bigint[]) order by r.id",
    __FILE__,
    __LINE__,
    1,
    false};
static const struct statement runs_read = {
    "model_runs",
    "select a.request_id, a.id, a.state, a.fence, a.revision, a.round,"
    " coalesce(a.worker_id, 0), a.adoptions, " WHEN("a.lease_until") ", " WHEN(
        "a.adopt_until") ","
                         " a.not_before <= clock_timestamp(), a.cancel_requested_at is not null,"
                         " case when a.remote is null then 0 when a.remote ? 'adoptable' then 2 "
                         "else 1 end,"
                         " (select max(l.decision_id) from cs.attempt_decision l where "
                         "l.attempt_id = a.id),"
                         " (select coalesce(bit_or(2 << (c.item / 100)), 0) from cs.output_chunk c"
                         " where c.attempt_id = a.id and c.fence = a.fence)"
                         " from cs.attempt a join cs.request r on r.id = a.request_id"
                         " where r.team_id = any ($1::bigint[]) order by a.id",
    __FILE__,
    __LINE__,
    1,
    false};

static int request_state_of(const char *name)
{
    int state = 0;
    while (!same_text(request_state_name((enum request_state)state), name))
        state++;
    return state;
}

static int run_state_of(const char *name)
{
    int state = 0;
    while (!same_text(run_state_name((enum run_state)state), name))
        state++;
    return state;
}

static int person_of(const struct world *w, int64_t id)
{
    for (int i = 0; i < PEOPLE; i++)
        if (w->people[i].id == id)
            return i;
    return 0;
}

static int index_of(const struct world *w, int64_t id)
{
    for (int i = 0; i < w->request_count; i++)
        if (w->requests[i].id == id)
            return i;
    return -1;
}

static unsigned makers_read(const struct world *w, const char *ids)
{
    unsigned makers = 0;
    char *end = NULL;
    for (long long id = strtoll(ids, &end, 10); id; id = strtoll(end, &end, 10))
        makers |= makers_of(w, person_of(w, id));
    return makers;
}

static void read_request(struct world *w, const struct rows *rows, size_t i)
{
    struct request *r = &w->requests[w->request_count];
    *r = (struct request){.id = rows_integer(rows, i, 0),
                          .state = request_state_of(rows_text(rows, i, 1)),
                          .revision = (int)rows_integer(rows, i, 2),
                          .round = (int)rows_integer(rows, i, 3),
                          .expires = (enum moment)rows_integer(rows, i, 4),
                          .author = person_of(w, rows_integer(rows, i, 5)),
                          .team = (int)rows_integer(rows, i, 6),
                          .backend = (enum backend)rows_integer(rows, i, 7),
                          .retry_safe = rows_integer(rows, i, 8),
                          .rather_fails = rows_integer(rows, i, 9),
                          .again_of = index_of(w, rows_integer(rows, i, 10)),
                          .makers = makers_read(w, rows_text(rows, i, 15))};
    memcpy(r->digest, rows_text(rows, i, 11), 65);
    r->decision.id = rows_integer(rows, i, 12);
    r->decision.round = r->decision.id ? r->round : 0;
    r->decision.reviewer = person_of(w, rows_integer(rows, i, 13));
    r->decision.verdict = (enum verdict)rows_integer(rows, i, 14);
    w->request_count++;
}

static int worker_of(const struct world *w, int64_t id)
{
    for (int i = 0; i < WORKERS; i++)
        if (w->worker_ids[i] == id)
            return i;
    return -1;
}

static void read_run(struct world *w, const struct rows *rows, size_t i)
{
    const int at = index_of(w, rows_integer(rows, i, 0));
    if (at < 0 || w->requests[at].run_count == RUNS)
        return;
    struct request *r = &w->requests[at];
    r->runs[r->run_count++] = (struct run){.id = rows_integer(rows, i, 1),
                                           .state = run_state_of(rows_text(rows, i, 2)),
                                           .fence = rows_integer(rows, i, 3),
                                           .revision = (int)rows_integer(rows, i, 4),
                                           .round = (int)rows_integer(rows, i, 5),
                                           .worker = worker_of(w, rows_integer(rows, i, 6)),
                                           .adoptions = (int)rows_integer(rows, i, 7),
                                           .lease = (enum moment)rows_integer(rows, i, 8),
                                           .adopt = (enum moment)rows_integer(rows, i, 9),
                                           .due = rows_integer(rows, i, 10),
                                           .told_to_stop = rows_integer(rows, i, 11),
                                           .remote = (enum remote)rows_integer(rows, i, 12),
                                           .decision = rows_integer(rows, i, 13),
                                           .stored = (unsigned)rows_integer(rows, i, 14)};
}

void play_load(struct play *play)
{
    struct world *w = &play->world;
    AUTO(buffer) struct buffer teams = {0};
    buffer_printf(&teams, "{%lld,%lld}", (long long)w->team_ids[0], (long long)w->team_ids[1]);
    /* Of one moment: between two, a racer may start what was read as merely approved. */
    struct error err = {0};
    play_ok(play, db_run_script(play->root, "begin isolation level repeatable read", &err), &err);
    AUTO(rows) struct rows *requests = play_root(play, &requests_read, teams.data);
    AUTO(rows) struct rows *runs = play_root(play, &runs_read, teams.data);
    play_ok(play, db_run_script(play->root, "commit", &err), &err);
    w->request_count = 0;
    for (size_t i = 0; requests && i < rows_count(requests) && i < REQUESTS; i++)
        read_request(w, requests, i);
    for (size_t i = 0; runs && i < rows_count(runs); i++)
        read_run(w, runs, i);
}
