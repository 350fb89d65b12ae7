/* Drives the functions of the database with random stories and holds them against the model.
 *
 *   SEED     of the first story (by the clock when it is not set); each next one has the next seed
 *   EVENTS   how many elements are sent in all; SECONDS: or for how long, when that is longer
 *   FAILURES after so many failed stories it gives up
 *   CLIENTS  how many stories are played at once, each in a database of its own */
/* Proves: I1 I2 I3 I6 I8 I9 I11 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/model/play.h"

#define STORY_EVENTS 1000
#define REST_EVERY 40 /* stories between two looks at all that is about no request */

static _Atomic uint64_t next_seed;
static atomic_long events_done;
static atomic_int stories_passed, stories_failed, deadlocks;
static long events_wanted, failures_most;
static int64_t ends_ms;

static long setting(const char *name, long standard)
{
    const char *value = getenv(name);
    return value && *value ? strtol(value, NULL, 10) : standard;
}

static bool is_over(void)
{
    const bool enough =
        atomic_load(&events_done) >= events_wanted && clock_monotonic_ms() >= ends_ms;
    return enough || atomic_load(&stories_failed) >= failures_most;
}

static void *play_stories(void *database)
{
    struct play *play = memory_new(1, sizeof *play);
    bool opened = play_open(play, database);
    for (int i = 0; i < RACERS; i++) {
        play->racers[i] = memory_new(1, sizeof *play);
        opened = opened && play_open(play->racers[i], database);
    }
    if (!opened) {
        atomic_fetch_add(&stories_failed, 1);
        free(play);
        return NULL;
    }
    for (int n = 1; !is_over(); n++) {
        const long before = play->events;
        bool ok = play_story(play, atomic_fetch_add(&next_seed, 1), STORY_EVENTS);
        if (ok && n % REST_EVERY == 0)
            play_check_rest(play);
        ok = !play->failed;
        atomic_fetch_add(&events_done, play->events - before);
        atomic_fetch_add(ok ? &stories_passed : &stories_failed, 1);
    }
    atomic_fetch_add(&deadlocks, play->gave_way);
    play->failed = false;
    play_check_moves(play);
    play_check_rest(play);
    if (play->failed)
        atomic_fetch_add(&stories_failed, 1);
    for (int i = 0; i < RACERS; i++) {
        play_close(play->racers[i]);
        free(play->racers[i]);
    }
    play_close(play);
    free(play);
    return NULL;
}

int main(void)
{
    pthread_t threads[16];
    char names[16][32];
    const long clients = setting("CLIENTS", 2) < 16 ? setting("CLIENTS", 2) : 16;
    const uint64_t first = (uint64_t)setting("SEED", (long)(clock_wall_ms() % 1000000000));
    const int64_t began = clock_monotonic_ms();
    failures_most = setting("FAILURES", 3); /* more of them would say the same */
    events_wanted = setting("EVENTS", 200000);
    ends_ms = began + 1000 * setting("SECONDS", 0);
    atomic_store(&next_seed, first);
    setvbuf(stdout, NULL, _IOLBF, 0);
    json_object_seed(1);
    for (long i = 0; i < clients; i++) {
        snprintf(names[i], sizeof names[i], "model_%ld", i + 1);
        pthread_create(&threads[i], NULL, play_stories, names[i]);
    }
    for (long i = 0; i < clients; i++)
        pthread_join(threads[i], NULL);
    const int failed = atomic_load(&stories_failed);
    printf("# seeds: %llu to %llu\n# events: %ld in %.1f s\n# deadlocks: %d\n# violations: %d\n",
           (unsigned long long)first, (unsigned long long)atomic_load(&next_seed) - 1,
           atomic_load(&events_done), (double)(clock_monotonic_ms() - began) / 1000,
           atomic_load(&deadlocks), failed);
    printf("%d passed, %d failed, 0 skipped\n", atomic_load(&stories_passed), failed);
    return failed || !atomic_load(&stories_passed);
}
