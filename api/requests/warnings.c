#include "api/requests/warnings.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "statements.h"

#define PLACES 64 /* what falls on another's place takes it */
#define RISK_SIZE 8

/* Whose approval would count depends on these. */
struct asker {
    int64_t person_id, token_id, team_id;
    char risk[RISK_SIZE];
};

struct place {
    struct asker asker;
    int64_t until_ms; /* 0: nothing is here */
    json_t *warning;  /* null when there is none to give */
};

struct warnings {
    pthread_mutex_t lock;
    struct place places[PLACES];
};

struct warnings *warnings_new(void)
{
    struct warnings *warnings = memory_new(1, sizeof *warnings);
    pthread_mutex_init(&warnings->lock, NULL);
    return warnings;
}

void warnings_free(struct warnings *warnings)
{
    if (!warnings)
        return;
    for (size_t i = 0; i < PLACES; i++)
        json_decref(warnings->places[i].warning);
    pthread_mutex_destroy(&warnings->lock);
    free(warnings);
}

static struct place *place_of(struct warnings *warnings, const struct asker *asker)
{
    int64_t sum = asker->person_id * 31 + asker->token_id * 7 + asker->team_id * 3;
    return &warnings->places[(size_t)(sum + asker->risk[0]) % PLACES];
}

/* A copy, which is the caller's alone: others may read the same place. */
static bool find(struct warnings *warnings, const struct asker *asker, json_t **ret_warning)
{
    pthread_mutex_lock(&warnings->lock);
    const struct place *place = place_of(warnings, asker);
    bool found =
        clock_monotonic_ms() < place->until_ms && memcmp(&place->asker, asker, sizeof *asker) == 0;
    if (found)
        *ret_warning = json_deep_copy(place->warning);
    pthread_mutex_unlock(&warnings->lock);
    return found;
}

static void keep(struct warnings *warnings, const struct asker *asker, const json_t *warning)
{
    pthread_mutex_lock(&warnings->lock);
    struct place *place = place_of(warnings, asker);
    json_decref(place->warning);
    memcpy(&place->asker, asker, sizeof *asker);
    place->warning = json_deep_copy(warning);
    place->until_ms = clock_monotonic_ms() + WARNING_MS;
    pthread_mutex_unlock(&warnings->lock);
}

/* New reference, to null when there is nothing to warn of. */
static bool ask(struct call *call, const json_t *result, json_t **ret_warning)
{
    struct error ignored = {0};
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_quorum_warning(call->db, json_integer_of(result, "id", 0), &rows, &ignored))
        return false;
    *ret_warning =
        rows_is_null(rows, 0, 0) ? json_null() : json_loads(rows_text(rows, 0, 0), 0, NULL);
    return *ret_warning != NULL;
}

static void add(json_t *result, json_t *take_warning)
{
    if (json_is_object(take_warning))
        json_object_set(result, "warning", take_warning);
    json_decref(take_warning);
}

void warnings_add(struct call *call, int64_t team_id, json_t *result)
{
    json_t *warning = NULL;
    const char *risk = json_text_of(result, "risk");
    struct asker asker;
    memset(&asker, 0, sizeof asker); /* compared as a whole */
    asker.person_id = call->who.person_id;
    asker.token_id = call->who.token_id;
    asker.team_id = team_id;
    snprintf(asker.risk, sizeof asker.risk, "%s", risk ? risk : "");
    if (!risk || find(call->api->warnings, &asker, &warning)) {
        add(result, warning);
    } else if (ask(call, result, &warning)) {
        keep(call->api->warnings, &asker, warning);
        add(result, warning);
    }
}

void warnings_add_now(struct call *call, json_t *result)
{
    json_t *warning = NULL;
    if (ask(call, result, &warning))
        add(result, warning);
}
