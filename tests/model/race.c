/* Several clients at once on the requests of one story. Nobody can say what each must be answered;
 * afterwards, when all is quiet, the invariants must hold, and what was answered must be there. */
#include "tests/model/race.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/acts.h"
#include "tests/model/people.h"

#define RACE_EVENTS 250
#define LOOK_EVERY 4 /* calls between two looks at the rows */

static const struct statement lost = {"model_lost",
                                      "select n, request_id, event from invariant.lost($1::jsonb)",
                                      __FILE__,
                                      __LINE__,
                                      1,
                                      ROWS_TEXT};

/* Told again, an end may have been noticed, or settled, by somebody else meanwhile. */
#define ENDS "attempt.finish|attempt.drop|attempt.settle|attempt.lost|attempt.adopt_end"

/* The audit row that stands for an answer. */
static const char *event_of(const struct element *e, const json_t *told)
{
    static const char *const verdicts[] = {"decision.approve", "decision.reject",
                                           "decision.request_changes"};
    static const char *const events[CALLS] = {
        [SUBMIT] = "request.submit",   [RUN_AGAIN] = "request.submit",
        [REVISE] = "request.revise",   [SETTLE] = "request.settle",
        [START] = "attempt.start",     [MARK_RUNNING] = "attempt.running",
        [RELEASE] = "attempt.release", [FINISH] = ENDS};
    const char *state = json_string_value(json_object_get(told, "state"));
    if (e->call == DECIDE)
        return verdicts[e->verdict];
    if (e->call == UNDO)
        return same_text(state, "pending") ? "decision.undo" : "attempt.cancel";
    if (e->call == CANCEL)
        return same_text(state, "cancelled") ? "request.cancel" : "attempt.cancel";
    return events[e->call];
}

void race_keep(struct play *play, const struct element *e, const json_t *told)
{
    const char *event = json_object_get(told, "error") ? NULL : event_of(e, told);
    const json_t *decision = json_object_get(told, "decision_id");
    if (!event || json_object_get(told, "replayed"))
        return;
    const int64_t request = e->call < START ? json_integer_value(json_object_get(told, "id"))
                                            : play->world.requests[e->request].id;
    json_t *body = json_object();
    if (decision)
        json_object_set(body, "decision_id", (json_t *)decision);
    if (e->call == REVISE)
        json_object_set(body, "revision", json_object_get(told, "revision"));
    if (e->call >= START) {
        json_object_set_new(body, "attempt_id", json_integer(e->run_id));
        if (e->call != FINISH)
            json_object_set_new(body, "fence", json_integer(e->fence));
    }
    json_array_append_new(play->answered, json_pack("{s:I, s:s, s:o}", "request_id", request,
                                                    "event", event, "body", body));
}

static void *race(void *racer)
{
    struct play *play = racer;
    const long until = play->events + RACE_EVENTS;
    moves_of_story(play->seed);
    for (int n = 0; !play->failed && play->events < until; n++) {
        if (n % LOOK_EVERY == 0)
            play_load(play);
        play_step(play);
    }
    return NULL;
}

static void check_answered(struct play *play, json_t *answered)
{
    AUTO(text) char *list = json_dumps(answered, JSON_COMPACT);
    AUTO(rows) struct rows *rows = play_root(play, &lost, list);
    if (rows && rows_count(rows))
        play_wrong(play, "%s of request %s was answered and is lost", rows_text(rows, 0, 2),
                   rows_text(rows, 0, 1));
}

static void racer_begins(struct play *racer, struct play *play, int n)
{
    racer->world = play->world;
    racer->world.random += (uint64_t)n << 32;
    racer->world.prefix[strlen(racer->world.prefix) - 1] = (char)('a' + n); /* of its keys */
    racer->seed = play->seed;
    racer->failed = false;
    racer->racing = true;
    racer->logged = 0;
    racer->answered = json_array();
}

void play_race(struct play *play)
{
    pthread_t threads[RACERS];
    for (int i = 0; i < RACERS; i++) {
        racer_begins(play->racers[i], play, i + 1);
        pthread_create(&threads[i], NULL, race, play->racers[i]);
    }
    for (int i = 0; i < RACERS; i++) {
        struct play *racer = play->racers[i];
        pthread_join(threads[i], NULL);
        play->failed |= racer->failed;
        play->events += racer->events;
        play->gave_way += racer->gave_way;
        racer->events = racer->gave_way = 0;
        if (!play->failed)
            check_answered(play, racer->answered);
        json_decref(racer->answered);
    }
    if (!play->failed)
        play_load(play);
}
