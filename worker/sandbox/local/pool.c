#include "worker/sandbox/local/pool.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"

#define ARM_MS 1000
#define RETRY_MS 5000 /* after one that died before it was ready */
#define CALM_MS 200   /* after a job: to warm one costs as much as 40 jobs, so a burst goes first */
#define WARM_PIDS 64
#define IDLE_MS 30000 /* one that waits has no lease; it must only not outlive us for long */

enum place_state { PLACE_EMPTY, PLACE_BOOTING, PLACE_READY };

struct place {
    enum place_state state;
    struct cell cell;
};

struct pool {
    struct launcher *launcher;
    int64_t lease_ms;
    size_t size;
    int wake;
    int64_t not_before_ms; /* of the next start */
    pthread_mutex_t lock;  /* of calm_at_ms and places */
    int64_t calm_at_ms;
    struct place places[POOL_MAX];
};

struct pool *pool_new(struct launcher *launcher, int64_t size, int64_t lease_ms)
{
    struct pool *pool = memory_new(1, sizeof *pool);
    pool->launcher = launcher;
    pool->lease_ms = lease_ms;
    pool->size = (size_t)(size < POOL_MAX ? size : POOL_MAX);
    pool->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < pool->size; i++)
        if (pool->places[i].state != PLACE_EMPTY)
            cell_close(&pool->places[i].cell);
    if (pool->wake >= 0)
        close(pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

static bool take_ready(struct pool *pool, struct cell *ret_cell)
{
    bool found = false;
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->size && !found; i++) {
        if (pool->places[i].state != PLACE_READY)
            continue;
        *ret_cell = pool->places[i].cell;
        pool->places[i].state = PLACE_EMPTY;
        found = true;
    }
    pthread_mutex_unlock(&pool->lock);
    return found;
}

bool pool_take(struct pool *pool, const struct launcher_limits *limits, struct cell *ret_cell)
{
    struct cell cell;
    pthread_mutex_lock(&pool->lock);
    pool->calm_at_ms = clock_monotonic_ms() + CALM_MS;
    pthread_mutex_unlock(&pool->lock);
    bool sized = limits->tmp_bytes == 0 || limits->tmp_bytes == launcher_tmp_bytes(pool->launcher);
    if (limits->memory_bytes < POOL_MEMORY_MIN || !sized)
        return false;
    while (take_ready(pool, &cell)) {
        struct launcher_report report;
        bool good = cell_arm(&cell, limits) && cell_await(&cell, REPORT_ARMED, ARM_MS, &report) &&
                    report.armed && report.host_uid > 0;
        cell_keep_alive(&cell, cell_deadline(pool->lease_ms));
        pool_wake(pool);
        if (good) {
            *ret_cell = cell;
            return true;
        }
        cell_close(&cell);
    }
    return false;
}

/* How long until sandboxes may be warmed again; 0 or less: now. */
static int64_t calm_in_ms(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    int64_t at_ms = pool->calm_at_ms;
    pthread_mutex_unlock(&pool->lock);
    if (at_ms < pool->not_before_ms)
        at_ms = pool->not_before_ms;
    return at_ms - clock_monotonic_ms();
}

static void start_missing(struct pool *pool)
{
    struct launcher_request request = {
        .limits = {.memory_bytes = INT64_C(1) << 30, .pids = WARM_PIDS},
        .deadline_ms = cell_deadline(IDLE_MS),
        .warm = true};
    for (size_t i = 0; i < pool->size; i++) {
        struct cell cell;
        struct error err = {0};
        pthread_mutex_lock(&pool->lock);
        bool empty = pool->places[i].state == PLACE_EMPTY;
        pthread_mutex_unlock(&pool->lock);
        if (!empty)
            continue;
        if (!cell_start(pool->launcher, &request, &cell, &err)) {
            pool->not_before_ms = clock_monotonic_ms() + RETRY_MS;
            return;
        }
        pthread_mutex_lock(&pool->lock);
        pool->places[i] = (struct place){PLACE_BOOTING, cell};
        pthread_mutex_unlock(&pool->lock);
    }
}

/* Only one thread fills places, so a place that is still in use is the one polled. */
static void look_at(struct pool *pool, struct place *place, short control, short results)
{
    char ready[64];
    pthread_mutex_lock(&pool->lock);
    if (place->state == PLACE_BOOTING && (results & POLLIN) &&
        read(place->cell.results, ready, sizeof ready) > 0 && ready[0] == 'R')
        place->state = PLACE_READY;
    if (place->state != PLACE_EMPTY && control) {
        if (place->state == PLACE_BOOTING)
            pool->not_before_ms = clock_monotonic_ms() + RETRY_MS;
        cell_close(&place->cell);
        place->state = PLACE_EMPTY;
    }
    if (place->state != PLACE_EMPTY)
        cell_keep_alive(&place->cell, cell_deadline(IDLE_MS));
    pthread_mutex_unlock(&pool->lock);
}

void pool_tend(struct pool *pool, bool fill, int wait_ms)
{
    struct pollfd polls[2 * POOL_MAX + 1];
    int64_t calm_ms = calm_in_ms(pool);
    if (fill && calm_ms <= 0)
        start_missing(pool);
    else if (fill && calm_ms < wait_ms)
        wait_ms = (int)calm_ms;
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->size; i++) {
        const struct place *place = &pool->places[i];
        bool used = place->state != PLACE_EMPTY, boots = place->state == PLACE_BOOTING;
        polls[2 * i] = (struct pollfd){.fd = used ? place->cell.control : -1, .events = POLLIN};
        polls[2 * i + 1] =
            (struct pollfd){.fd = boots ? place->cell.results : -1, .events = POLLIN};
    }
    pthread_mutex_unlock(&pool->lock);
    polls[2 * pool->size] = (struct pollfd){.fd = pool->wake, .events = POLLIN};
    if (poll(polls, 2 * pool->size + 1, wait_ms < IDLE_MS / 4 ? wait_ms : IDLE_MS / 4) < 0)
        return;
    eventfd_t count;
    if (polls[2 * pool->size].revents)
        eventfd_read(pool->wake, &count);
    for (size_t i = 0; i < pool->size; i++)
        look_at(pool, &pool->places[i], polls[2 * i].revents, polls[2 * i + 1].revents);
}

void pool_wake(struct pool *pool)
{
    eventfd_write(pool->wake, 1);
}

int64_t pool_ready(struct pool *pool)
{
    int64_t count = 0;
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->size; i++)
        count += pool->places[i].state == PLACE_READY;
    pthread_mutex_unlock(&pool->lock);
    return count;
}
