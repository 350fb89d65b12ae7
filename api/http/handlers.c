#include "api/http/handlers.h"

#include <pthread.h>
#include <stdlib.h>

#include "api/dispatch.h"
#include "api/http/exchange.h"
#include "api/http/server.h"
#include "common/io/db.h"

struct handlers {
    struct api *api;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct exchange *first;
    struct exchange **last;
    size_t waiting;
    size_t limit;
    bool closing;
    pthread_t *threads;
    size_t thread_count;
};

/* NULL when the handlers close and nothing is left. */
static struct exchange *take(struct handlers *handlers)
{
    pthread_mutex_lock(&handlers->lock);
    while (!handlers->first && !handlers->closing)
        pthread_cond_wait(&handlers->filled, &handlers->lock);
    struct exchange *exchange = handlers->first;
    if (exchange) {
        handlers->first = exchange->next;
        if (!handlers->first)
            handlers->last = &handlers->first;
        exchange->next = NULL;
        handlers->waiting--;
    }
    pthread_mutex_unlock(&handlers->lock);
    return exchange;
}

static void *run(void *context)
{
    struct handlers *handlers = context;
    AUTO(db) struct db *db = NULL;
    struct exchange *exchange;
    while ((exchange = take(handlers)))
        if (dispatch_run(handlers->api, &db, exchange) == DISPATCH_READY)
            server_resume(exchange);
    return NULL;
}

struct handlers *handlers_new(struct api *api, size_t count, size_t limit)
{
    struct handlers *handlers = memory_new(1, sizeof *handlers);
    handlers->api = api;
    handlers->last = &handlers->first;
    handlers->limit = limit;
    handlers->threads = memory_new(count, sizeof *handlers->threads);
    pthread_mutex_init(&handlers->lock, NULL);
    pthread_cond_init(&handlers->filled, NULL);
    while (handlers->thread_count < count &&
           pthread_create(&handlers->threads[handlers->thread_count], NULL, run, handlers) == 0)
        handlers->thread_count++;
    if (handlers->thread_count == 0)
        abort(); /* no thread at all: there is no safe way on */
    return handlers;
}

void handlers_close(struct handlers *handlers)
{
    pthread_mutex_lock(&handlers->lock);
    handlers->closing = true;
    pthread_cond_broadcast(&handlers->filled);
    pthread_mutex_unlock(&handlers->lock);
    for (size_t i = 0; i < handlers->thread_count; i++)
        pthread_join(handlers->threads[i], NULL);
}

void handlers_free(struct handlers *handlers)
{
    if (!handlers)
        return;
    pthread_cond_destroy(&handlers->filled);
    pthread_mutex_destroy(&handlers->lock);
    free(handlers->threads);
    free(handlers);
}

static bool put(struct handlers *handlers, struct exchange *exchange, size_t limit)
{
    pthread_mutex_lock(&handlers->lock);
    bool fits = handlers->waiting < limit && !handlers->closing;
    if (fits) {
        exchange->next = NULL;
        *handlers->last = exchange;
        handlers->last = &exchange->next;
        handlers->waiting++;
        pthread_cond_signal(&handlers->filled);
    }
    pthread_mutex_unlock(&handlers->lock);
    return fits;
}

bool handlers_offer(struct handlers *handlers, struct exchange *exchange)
{
    return put(handlers, exchange, handlers->limit);
}

bool handlers_put(struct handlers *handlers, struct exchange *exchange)
{
    return put(handlers, exchange, SIZE_MAX);
}

size_t handlers_waiting(struct handlers *handlers)
{
    pthread_mutex_lock(&handlers->lock);
    size_t waiting = handlers->waiting;
    pthread_mutex_unlock(&handlers->lock);
    return waiting;
}
