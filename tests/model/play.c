#include "tests/model/play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/gen/statements.h"
#include "tests/model/acts.h"
#include "tests/model/people.h"
#include "tests/model/race.h"

static const struct {
    const char *name;
    int weight;
} calls[CALLS] = {[SUBMIT] = {"submit", 8},
                  [RUN_AGAIN] = {"run again", 2},
                  [REVISE] = {"revise", 4},
                  [DECIDE] = {"decide", 16},
                  [UNDO] = {"undo", 3},
                  [CANCEL] = {"cancel", 3},
                  [SETTLE] = {"settle", 3},
                  [START] = {"start", 12},
                  [MARK_RUNNING] = {"mark running", 10},
                  [RELEASE] = {"release", 4},
                  [FINISH] = {"finish", 12}};
#define RACE_EVERY 4  /* stories: of these, one is a race towards its end */
#define FULL 40       /* requests; each of a few clients may add two small batches */
#define ACT_WEIGHT 40 /* of all that is no batch */

void play_note(struct play *play, const char *format, ...)
{
    va_list list;
    char line[700];
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    char **slot = &play->log[play->logged++ % LOG_LINES];
    free(*slot);
    *slot = memory_text(line);
}

static void tell(struct play *play, const char *format, va_list list)
{
    char line[700];
    if (play->failed)
        return;
    play->failed = true;
    vsnprintf(line, sizeof line, format, list);
    flockfile(stdout);
    printf("# seed %llu: %s\n# the last events:\n", (unsigned long long)play->seed, line);
    for (long i = play->logged < LOG_LINES ? 0 : play->logged - LOG_LINES; i < play->logged; i++)
        printf("#   %s\n", play->log[i % LOG_LINES]);
    printf("# again: SEED=%llu EVENTS=1 make model\n", (unsigned long long)play->seed);
    funlockfile(stdout);
}

void play_wrong(struct play *play, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    tell(play, format, list);
    va_end(list);
}

void play_differs(struct play *play, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!play->racing)
        tell(play, format, list);
    va_end(list);
}

bool play_ok(struct play *play, bool ok, const struct error *err)
{
    /* In a race a whole batch may have to give way: it was rolled back, nothing was answered. */
    if (!ok && play->racing && err->code == ERR_BUSY)
        play->gave_way++;
    else if (!ok)
        play_wrong(play, "a call failed: %s: %s", error_name(err->code), err->text);
    return ok;
}

struct rows *play_root(struct play *play, const struct statement *statement, const char *list)
{
    struct error err = {0};
    struct rows *rows = NULL;
    const struct db_param params[] = {{DB_TEXT, 0, bytes_of(list)}};
    play_ok(play, db_run(play->root, statement, params, &rows, &err), &err);
    return rows;
}

static bool call_batch(struct play *play, enum call call, const char *items, struct rows **ret_rows)
{
    struct error err = {0};
    static bool (*const sends[CALLS])(struct db *, const char *, struct rows **,
                                      struct error *) = {[SUBMIT] = sql_submit_requests,
                                                         [RUN_AGAIN] = sql_run_again,
                                                         [REVISE] = sql_revise_requests,
                                                         [DECIDE] = sql_decide_requests,
                                                         [UNDO] = sql_undo_decisions,
                                                         [CANCEL] = sql_cancel_requests,
                                                         [SETTLE] = sql_settle_requests,
                                                         [START] = sql_start_attempts,
                                                         [MARK_RUNNING] = sql_mark_attempts_running,
                                                         [RELEASE] = sql_release_attempts,
                                                         [FINISH] = sql_finish_attempts};
    return play_ok(
        play, sends[call](call >= START ? play->worker : play->api, items, ret_rows, &err), &err);
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* Ids and digests are what only the database can say. */
static void learn(struct play *play, const struct element *e, const struct answer *answer,
                  const json_t *told)
{
    struct world *w = &play->world;
    struct request *r = answer->made >= 0 ? &w->requests[answer->made]
                        : e->request >= 0 ? &w->requests[e->request]
                                          : NULL;
    if (answer->made >= 0)
        r->id = number_of(told, "id");
    if (answer->made >= 0 || e->call == REVISE)
        snprintf(r->digest, sizeof r->digest, "%s", text_of(told, "bundle_sha256"));
    if (e->call == DECIDE && !answer->id) {
        r->decision.id = number_of(told, "decision_id");
        if (r->state == REQUEST_APPROVED) {
            struct run *a = &r->runs[r->run_count - 1];
            a->id = number_of(told, "attempt_id");
            a->decision = r->decision.id;
        }
    }
    if (e->key) {
        struct kept *kept = &w->kept[e->key - 1];
        kept->body = e->body;
        kept->id = number_of(told, "id");
        snprintf(kept->state, sizeof kept->state, "%s", text_of(told, "state"));
    }
}

static void check_answer(struct play *play, const struct element *e, const json_t *told)
{
    const json_t *error = json_object_get(told, "error");
    const char *code = error ? text_of(error, "code") : "ok";
    const struct answer must =
        e->call >= START ? expect_run(&play->world, e) : expect_request(&play->world, e);
    const bool replayed = json_is_true(json_object_get(told, "replayed"));
    const int64_t id = number_of(told, must.replayed ? "id" : "decision_id");
    if (!same_text(code, must.code) ||
        (must.field && !same_text(must.field, text_of(error, "field"))) ||
        (must.state && !same_text(must.state, text_of(told, "state"))) ||
        replayed != must.replayed || (must.id && must.id != id))
        play_differs(play, "%s must be answered %s %s %s, and was %s %s %s", calls[e->call].name,
                     must.code, must.field ? must.field : "", must.state ? must.state : "", code,
                     text_of(error, "field"), text_of(told, "state"));
    else if (!error && !replayed && e->call < START)
        learn(play, e, &must, told);
}

/* The same run twice in one batch is done once; which one of the functions' ways that is, is
 * theirs to choose. */
static bool is_told_twice(const struct element *elements, int i, const json_t *told)
{
    const json_t *error = json_object_get(told, "error");
    const struct element *e = &elements[i];
    if (e->call < START || !same_text(text_of(error, "code"), "conflict") ||
        !same_text(text_of(error, "field"), "id"))
        return false;
    for (int k = 0; k < i; k++)
        if (elements[k].run_id == e->run_id && elements[k].fence == e->fence &&
            elements[k].worker == e->worker)
            return true;
    return false;
}

/* Rows say of which element they are, and come in any order. */
static int row_of(const struct rows *rows, int n)
{
    for (size_t i = 0; i < rows_count(rows); i++)
        if (rows_integer(rows, i, 0) == n)
            return (int)i;
    return -1;
}

static void check_answers(struct play *play, const struct element *elements, int count,
                          const struct rows *rows)
{
    if (rows_count(rows) != (size_t)count)
        play_wrong(play, "%d elements got %zu answers", count, rows_count(rows));
    for (int i = 0; i < count && !play->failed; i++) {
        const int row = row_of(rows, i);
        const char *text = row < 0 ? "{}" : rows_text(rows, (size_t)row, 1);
        json_t *told = json_loads(text, JSON_DECODE_ANY, NULL);
        play_note(play, "  %d: %.400s", i, text);
        if (row < 0)
            play_wrong(play, "element %d got no answer", i);
        else if (!is_told_twice(elements, i, told))
            check_answer(play, &elements[i], told);
        if (play->racing)
            race_keep(play, &elements[i], told);
        json_decref(told);
    }
}

static char *items_of(struct play *play, const struct element *elements, int count)
{
    json_t *items = json_array();
    for (int i = 0; i < count; i++) {
        json_t *item = element_json(&play->world, &elements[i]);
        char *text = json_dumps(item, JSON_COMPACT);
        play_note(play, "%s %d: %s", calls[elements[i].call].name, i, text);
        free(text);
        json_array_append_new(items, item);
    }
    char *text = json_dumps(items, JSON_COMPACT);
    json_decref(items);
    return text;
}

/* What was rolled back never was; that the rows agree is looked at all the same. */
static void forget(struct play *play)
{
    for (int i = 0; i < play->before.request_count; i++)
        play->before.requests[i].touched |= play->world.requests[i].touched;
    play->world = play->before;
}

void play_send(struct play *play, const struct element *elements, int count, bool roll_back)
{
    AUTO(rows) struct rows *rows = NULL;
    AUTO(text) char *items = items_of(play, elements, count);
    struct error err = {0};
    struct db *db = elements->call >= START ? play->worker : play->api;
    if (roll_back) {
        play->before = play->world;
        play_note(play, "begin");
        play_ok(play, db_run_script(db, "begin", &err), &err);
    }
    if (call_batch(play, elements->call, items, &rows))
        check_answers(play, elements, count, rows);
    play->events += count;
    if (!roll_back)
        return;
    play_ok(play, db_run_script(db, "rollback", &err), &err);
    play_note(play, "rollback");
    forget(play);
}

static enum call draw_call(struct world *w)
{
    int total = ACT_WEIGHT;
    for (int i = 0; i < CALLS; i++)
        total += calls[i].weight;
    int drawn = below(w, total);
    for (int i = 0; i < CALLS; i++)
        if ((drawn -= calls[i].weight) < 0)
            return (enum call)i;
    return CALLS;
}

static void play_batch(struct play *play, enum call call)
{
    struct world *w = &play->world;
    if (w->request_count > FULL && (call == SUBMIT || call == RUN_AGAIN))
        call = DECIDE;
    const int most = call == SUBMIT || call == RUN_AGAIN ? 12 : chance(w, 10) ? BATCH : 24;
    play->last_count = 1 + below(w, most);
    for (int i = 0; i < play->last_count; i++)
        play->last[i] = draw_element(w, call);
    const bool roll_back = !play->racing && chance(w, 6);
    play_send(play, play->last, play->last_count, roll_back);
    if (roll_back || play->failed || !chance(w, 12))
        return;
    play_note(play, "the answer was lost: again");
    play_send(play, play->last, play->last_count, false);
}

void play_step(struct play *play)
{
    const enum call call = draw_call(&play->world);
    if (call == CALLS)
        play_act(play);
    else
        play_batch(play, play->world.request_count ? call : SUBMIT);
}

bool play_story(struct play *play, uint64_t seed, int events)
{
    play->seed = play->world.random = seed;
    moves_of_story(seed);
    play->failed = false;
    play->logged = 0;
    play_people(play);
    const long until = play->events + events;
    while (!play->failed && play->events < until) {
        play_step(play);
        if (!play->failed)
            play_compare(play);
    }
    if (!play->failed && seed % RACE_EVERY == 0) {
        pauses_end(play);
        play_race(play);
    }
    if (!play->failed)
        play_end(play);
    return !play->failed;
}
