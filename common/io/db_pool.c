/* A fixed number of database connections for any number of threads. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/io/db_internal.h"

#define TAKE_SECONDS 5

struct db_pool {
    pthread_mutex_t lock;
    pthread_cond_t given;
    size_t size;
    size_t free_count;
    struct db **free; /* a stack: the connection used last is the warmest */
};

struct db_pool *db_pool_new(const char *url, const char *application, size_t size)
{
    struct db_pool *pool = memory_new(1, sizeof *pool);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->given, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&pool->lock, NULL);
    pool->free = memory_new(size, sizeof(struct db *));
    pool->size = size;
    while (pool->free_count < size)
        pool->free[pool->free_count++] = db_new(url, application);
    return pool;
}

void db_pool_free(struct db_pool *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < pool->free_count; i++)
        db_close(pool->free[i]);
    pthread_cond_destroy(&pool->given);
    pthread_mutex_destroy(&pool->lock);
    free(pool->free);
    free(pool);
}

bool db_pool_take(struct db_pool *pool, struct db **ret_db, struct error *err)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TAKE_SECONDS;
    int timed_out = 0;
    pthread_mutex_lock(&pool->lock);
    while (pool->free_count == 0 && !timed_out)
        timed_out = pthread_cond_timedwait(&pool->given, &pool->lock, &until);
    struct db *db = pool->free_count ? pool->free[--pool->free_count] : NULL;
    pthread_mutex_unlock(&pool->lock);
    if (!db)
        return fail(err, ERR_UNAVAILABLE, "all %zu database connections are busy", pool->size);
    *ret_db = db;
    return true;
}

void db_pool_give(struct db_pool *pool, struct db *db)
{
    pthread_mutex_lock(&pool->lock);
    pool->free[pool->free_count++] = db;
    pthread_cond_signal(&pool->given);
    pthread_mutex_unlock(&pool->lock);
}

bool db_pool_run(struct db_pool *pool, const struct statement *statement,
                 const struct db_param *params, struct rows **ret_rows, struct error *err)
{
    struct db *db;
    if (!db_pool_take(pool, &db, err))
        return false;
    bool fine = db_run(db, statement, params, ret_rows, err);
    db_pool_give(pool, db);
    return fine;
}
