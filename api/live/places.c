#include "api/live/places.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/bytes.h"

#define BUCKETS 1024

struct place {
    struct place *next;
    int64_t person_id;
    int64_t taken;
};

struct places {
    pthread_mutex_t lock;
    int64_t most;
    struct place *buckets[BUCKETS];
};

struct places *places_new(int64_t most_per_person)
{
    struct places *places = memory_new(1, sizeof *places);
    pthread_mutex_init(&places->lock, NULL);
    places->most = most_per_person;
    return places;
}

void places_free(struct places *places)
{
    if (!places)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (places->buckets[i]) {
            struct place *place = places->buckets[i];
            places->buckets[i] = place->next;
            free(place);
        }
    pthread_mutex_destroy(&places->lock);
    free(places);
}

/* What points at the person's place, or at the NULL where it would go. */
static struct place **find(struct places *places, int64_t person_id)
{
    struct place **link = &places->buckets[(uint64_t)person_id % BUCKETS];
    while (*link && (*link)->person_id != person_id)
        link = &(*link)->next;
    return link;
}

bool places_take(struct places *places, int64_t person_id)
{
    pthread_mutex_lock(&places->lock);
    struct place **link = find(places, person_id);
    if (!*link) {
        *link = memory_new(1, sizeof **link);
        (*link)->person_id = person_id;
    }
    bool fits = (*link)->taken < places->most;
    (*link)->taken += fits;
    pthread_mutex_unlock(&places->lock);
    return fits;
}

void places_give(struct places *places, int64_t person_id)
{
    pthread_mutex_lock(&places->lock);
    struct place **link = find(places, person_id);
    struct place *place = *link;
    if (place && --place->taken == 0) {
        *link = place->next;
        free(place);
    }
    pthread_mutex_unlock(&places->lock);
}
