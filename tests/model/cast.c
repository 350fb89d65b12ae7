/* Connections, people and pauses of a story. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/gen/statements.h"
#include "common/base/crypto.h"
#include "tests/model/acts.h"
#include "tests/model/people.h"

static bool open_one(const char *variable, const char *database, struct db **ret_db,
                     struct error *err)
{
    char url[400];
    const char *address = getenv(variable);
    if (!address)
        return fail(err, ERR_UNAVAILABLE, "%s is not set: run this by make model", variable);
    snprintf(url, sizeof url, "%s dbname=%s", address, database);
    return db_open(url, "model", ret_db, err);
}

bool play_open(struct play *play, const char *database)
{
    struct error err = {0};
    const bool ok =
        open_one("COUNTERSIGN_DB_API", database, &play->api, &err) &&
        open_one("COUNTERSIGN_DB_WORKER", database, &play->worker, &err) &&
        open_one("COUNTERSIGN_DB_OPERATOR", database, &play->operator, & err) &&
        open_one("COUNTERSIGN_DB_SUPERUSER", database, &play->root, &err) &&
        db_run_script(play->root,
                      "set session_replication_role = replica; set jit = off;"
                      "set plan_cache_mode = force_generic_plan; set enable_seqscan = off;"
                      "set enable_hashjoin = off; set enable_mergejoin = off;"
                      "set invariant.slack = '0'; set invariant.grace = '1 hour'",
                      &err);
    return play_ok(play, ok, &err);
}

void play_close(struct play *play)
{
    db_close(play->api);
    db_close(play->worker);
    db_close(play->operator);
    db_close(play->root);
    for (int i = 0; i < LOG_LINES; i++)
        free(play->log[i]);
}

typedef bool item_call_fn(struct db *, const char *, struct rows **, struct error *);

/* The id in what an operator's function answers; takes the item. */
static int64_t operator_call(struct play *play, item_call_fn *call, const char *name, json_t *item)
{
    AUTO(rows) struct rows *rows = NULL;
    AUTO(text) char *text = json_dumps(item, JSON_COMPACT);
    struct error err = {0};
    json_decref(item);
    play_note(play, "operator: %s", text);
    if (!play_ok(play, call(play->operator, text, &rows, &err), &err))
        return 0;
    json_t *told = json_loads(rows_text(rows, 0, 0), JSON_DECODE_ANY, NULL);
    const int64_t id = json_integer_value(json_object_get(told, name));
    json_decref(told);
    return id;
}

static json_t *full_login(const struct play *play, int who)
{
    return json_sprintf("%s%s", play->world.prefix, cast_table[who].login);
}

static json_t *team_name(const struct play *play, int team)
{
    return json_sprintf("%s%d", play->world.prefix, team);
}

static json_t *parsed(const char *text)
{
    return json_loads(text, 0, NULL);
}

static void person_joins(struct play *play, int who)
{
    struct world *w = &play->world;
    const struct cast *cast = &cast_table[who];
    json_t *teams = json_array();
    for (int team = 0; team < 2; team++)
        if (cast->teams & (1u << team))
            json_array_append_new(teams, team_name(play, team));
    json_t *item = json_pack("{s:o, s:s, s:o, s:o}", "login", full_login(play, who), "name",
                             cast->login, "roles", parsed(cast->roles), "teams", teams);
    if (cast->owner >= 0)
        json_object_set_new(item, "owner", full_login(play, cast->owner));
    if (cast->maker < 0) {
        w->people[who].id = operator_call(play, sql_operator_person_add, "id", item);
        return;
    }
    json_object_set_new(item, "team_ids", json_pack("[I]", w->team_ids[0]));
    AUTO(rows) struct rows *rows = NULL;
    AUTO(text) char *text = json_dumps(item, JSON_COMPACT);
    json_t *actor = actor_json(w, cast->maker, false);
    AUTO(text) char *actor_text = json_dumps(actor, JSON_COMPACT);
    struct error err = {0};
    json_decref(item);
    json_decref(actor);
    if (play_ok(play, sql_person_create(play->api, actor_text, text, &rows, &err), &err))
        w->people[who].id = rows_integer(rows, 0, 0);
}

static void worker_joins(struct play *play, int n)
{
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    if (!play_ok(play,
                 sql_worker_hello(play->worker,
                                  "{\"name\": \"w\", \"version\": \"1\", \"slots\": 4,"
                                  " \"backends\": {\"local\": {\"isolation\": \"namespaces\"},"
                                  " \"e2b\": {\"isolation\": \"vm\"},"
                                  " \"daytona\": {\"isolation\": \"container\"}}}",
                                  &rows, &err),
                 &err))
        return;
    json_t *told = parsed(rows_text(rows, 0, 0));
    play->world.worker_ids[n] = json_integer_value(json_object_get(told, "worker_id"));
    json_decref(told);
}

static void token_joins(struct play *play)
{
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    uint8_t digest[SHA256_SIZE];
    char item[300];
    sha256(bytes_of(play->world.prefix), digest);
    snprintf(item, sizeof item,
             "{\"login\": \"%sbot\", \"name\": \"t\", \"prefix\": \"t\","
             " \"scopes\": [\"read\", \"submit\"], \"seconds\": 864000}",
             play->world.prefix);
    if (!play_ok(play,
                 sql_operator_token_add(play->operator, item, (struct bytes){digest, sizeof digest},
                                        &rows, &err),
                 &err))
        return;
    json_t *told = parsed(rows_text(rows, 0, 0));
    play->world.token_id = json_integer_value(json_object_get(told, "id"));
    json_decref(told);
}

void play_people(struct play *play)
{
    struct world *w = &play->world;
    const uint64_t random = w->random;
    memset(w, 0, sizeof *w);
    w->random = random;
    snprintf(w->prefix, sizeof w->prefix, "s%llu-", (unsigned long long)play->seed);
    people_set(w);
    for (int i = 0; i < 2; i++)
        w->team_ids[i] = operator_call(play, sql_operator_team_add, "id",
                                       json_pack("{s:o}", "name", team_name(play, i)));
    for (int i = 0; i < PEOPLE && !play->failed; i++)
        person_joins(play, i);
    for (int i = 0; i < WORKERS && !play->failed; i++)
        worker_joins(play, i);
    token_joins(play);
}

static void person_becomes(struct play *play, int who, const char *name, json_t *value)
{
    operator_call(play, sql_operator_person_update, "id",
                  json_pack("{s:o, s:o}", "login", full_login(play, who), name, value));
}

/* A new one-time link, made by an admin: from now on they are too close. */
static void link_is_made(struct play *play, int who)
{
    struct world *w = &play->world;
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    uint8_t digest[SHA256_SIZE];
    char login[60];
    char seed[100];
    json_t *actor = actor_json(w, EVA, false);
    AUTO(text) char *actor_text = json_dumps(actor, JSON_COMPACT);
    json_decref(actor);
    snprintf(login, sizeof login, "%s%s", w->prefix, cast_table[who].login);
    snprintf(seed, sizeof seed, "%s%ld", login, play->logged);
    sha256(bytes_of(seed), digest);
    play_note(play, "eva makes a link for %s", login);
    if (!play_ok(play,
                 sql_login_link_create(play->api, actor_text, login,
                                       (struct bytes){digest, sizeof digest}, 3600, &rows, &err),
                 &err))
        return;
    w->people[who].ties |= 1u << EVA;
    w->people[EVA].ties |= 1u << who;
}

void people_change(struct play *play)
{
    static const int may_leave[] = {MIA, MAX, NOOR, ANNA, BOTH, BOT, STRANGER, MADE};
    struct world *w = &play->world;
    const int approved = draw_request(w, 1u << REQUEST_APPROVED);
    int who = may_leave[below(w, COUNT_OF(may_leave))];
    if (approved >= 0 && chance(w, 50) && w->requests[approved].decision.reviewer != EVA)
        who = w->requests[approved].decision.reviewer; /* whose approval counts no more */
    struct person *p = &w->people[who];
    if (p->disabled || chance(w, 45)) {
        person_becomes(play, who, "disabled", json_boolean(!p->disabled));
        p->disabled = !p->disabled;
    } else if (who == ANNA && chance(w, 70)) {
        p->reviewer = !p->reviewer;
        p->analyst = !p->reviewer;
        person_becomes(play, who, "roles",
                       parsed(p->reviewer ? "[\"reviewer\"]" : "[\"analyst\"]"));
    } else if (!p->agent && chance(w, 15)) {
        link_is_made(play, who);
    }
}

static void pause_toggle(struct play *play, const char *scope, bool *paused)
{
    struct world *w = &play->world;
    AUTO(rows) struct rows *rows = NULL;
    struct error err = {0};
    json_t *actor = actor_json(w, EVA, false);
    AUTO(text) char *actor_text = json_dumps(actor, JSON_COMPACT);
    char item[80];
    json_decref(actor);
    snprintf(item, sizeof item, "{\"scope\": \"%s\"}", scope);
    play_note(play, "%s %s", *paused ? "goes on:" : "pause", scope);
    play->events++;
    play_ok(play,
            *paused ? sql_pause_clear(play->api, actor_text, scope, &rows, &err)
                    : sql_pause_set(play->api, actor_text, item, &rows, &err),
            &err);
    *paused = !*paused;
}

void pauses_change(struct play *play)
{
    static const char *const backends[] = {"backend:local", "backend:e2b", "backend:daytona"};
    struct world *w = &play->world;
    char team[40];
    const int which = below(w, 2 + BACKENDS);
    bool *const flags[] = {&w->paused_all, &w->paused_team[0], &w->paused_backend[0],
                           &w->paused_backend[1], &w->paused_backend[2]};
    snprintf(team, sizeof team, "team:%lld", (long long)w->team_ids[0]);
    if (!*flags[which] && chance(w, 60))
        return; /* work goes on, mostly */
    pause_toggle(play, which == 0 ? "all" : which == 1 ? team : backends[which - 2], flags[which]);
}

void pauses_end(struct play *play)
{
    struct world *w = &play->world;
    for (int i = 0; i < 400 && (w->paused_all || w->paused_team[0] || w->paused_backend[0] ||
                                w->paused_backend[1] || w->paused_backend[2]);
         i++)
        pauses_change(play);
}
