#include "worker/sandbox/readiness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/log.h"

struct readiness {
    struct readiness_options options;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;  /* after any of it changed */
    void (*changed)(void *context);
    void *changed_context;
    bool begun;
    bool stopping;
    bool soon;
    enum readiness_answer answer;
    char why_not[READINESS_WHY];
};

struct readiness *readiness_new(const struct readiness_options *options)
{
    struct readiness *readiness = memory_new(1, sizeof *readiness);
    pthread_condattr_t attributes;
    readiness->options = *options;
    readiness->answer = READINESS_YES;
    pthread_mutex_init(&readiness->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&readiness->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return readiness;
}

/* False when the time is over. The lock is held. */
static bool wait_until(struct readiness *readiness, int64_t end_ms)
{
    struct timespec until = {.tv_sec = end_ms / 1000, .tv_nsec = end_ms % 1000 * 1000000};
    return pthread_cond_timedwait(&readiness->wake, &readiness->lock, &until) == 0;
}

/* Puts down an answer; true when it says something new. */
static bool learn(struct readiness *readiness, enum readiness_answer answer, const char *why_not)
{
    pthread_mutex_lock(&readiness->lock);
    bool first = readiness->answer == READINESS_UNSURE;
    if (answer == READINESS_UNSURE && first) {
        answer = READINESS_YES;
        why_not = "";
    }
    bool news = answer != READINESS_UNSURE &&
                (first || answer != readiness->answer || strcmp(why_not, readiness->why_not) != 0);
    if (news) {
        readiness->answer = answer;
        snprintf(readiness->why_not, sizeof readiness->why_not, "%s", why_not);
        pthread_cond_broadcast(&readiness->wake);
    }
    pthread_mutex_unlock(&readiness->lock);
    if (news)
        LOG(answer == READINESS_YES ? LOG_INFO : LOG_ERROR, "preflight",
            LOG_TEXT("backend", readiness->options.name), LOG_TEXT("why_not", why_not));
    return news;
}

static void ask(struct readiness *readiness)
{
    char why_not[READINESS_WHY] = "";
    enum readiness_answer answer = readiness->options.ask(readiness->options.context, why_not);
    if (!learn(readiness, answer, why_not))
        return;
    pthread_mutex_lock(&readiness->lock);
    void (*changed)(void *context) = readiness->changed;
    void *context = readiness->changed_context;
    pthread_mutex_unlock(&readiness->lock);
    if (changed)
        changed(context);
}

/* False when it is to stop. */
static bool rest(struct readiness *readiness)
{
    const struct readiness_options *options = &readiness->options;
    pthread_mutex_lock(&readiness->lock);
    bool hurry = readiness->answer == READINESS_NO && options->again_ms < options->every_ms;
    int64_t end = clock_monotonic_ms() + (hurry ? options->again_ms : options->every_ms);
    while (!readiness->stopping && !readiness->soon && wait_until(readiness, end))
        continue;
    readiness->soon = false;
    bool go_on = !readiness->stopping;
    pthread_mutex_unlock(&readiness->lock);
    return go_on;
}

static void *keep_asking(void *context)
{
    struct readiness *readiness = context;
    do
        ask(readiness);
    while (rest(readiness));
    return NULL;
}

bool readiness_begin(struct readiness *readiness, struct error *err)
{
    readiness->answer = READINESS_UNSURE;
    snprintf(readiness->why_not, sizeof readiness->why_not, "its first preflight is under way");
    readiness->begun = pthread_create(&readiness->thread, NULL, keep_asking, readiness) == 0;
    return readiness->begun || fail(err, ERR_INTERNAL, "a thread can not be made");
}

void readiness_free(struct readiness *readiness)
{
    if (!readiness)
        return;
    pthread_mutex_lock(&readiness->lock);
    readiness->stopping = true;
    pthread_cond_broadcast(&readiness->wake);
    pthread_mutex_unlock(&readiness->lock);
    if (readiness->begun)
        pthread_join(readiness->thread, NULL);
    pthread_cond_destroy(&readiness->wake);
    pthread_mutex_destroy(&readiness->lock);
    free(readiness);
}

void readiness_await(struct readiness *readiness, int64_t ms)
{
    int64_t end = clock_monotonic_ms() + ms;
    pthread_mutex_lock(&readiness->lock);
    while (readiness->answer == READINESS_UNSURE && wait_until(readiness, end))
        continue;
    pthread_mutex_unlock(&readiness->lock);
}

enum readiness_answer readiness_look(struct readiness *readiness, char ret_why_not[READINESS_WHY])
{
    pthread_mutex_lock(&readiness->lock);
    enum readiness_answer answer = readiness->answer;
    snprintf(ret_why_not, READINESS_WHY, "%s", readiness->why_not);
    pthread_mutex_unlock(&readiness->lock);
    return answer;
}

void readiness_ask_soon(struct readiness *readiness)
{
    pthread_mutex_lock(&readiness->lock);
    readiness->soon = true;
    pthread_cond_broadcast(&readiness->wake);
    pthread_mutex_unlock(&readiness->lock);
}

void readiness_on_change(struct readiness *readiness, void (*changed)(void *context), void *context)
{
    pthread_mutex_lock(&readiness->lock);
    readiness->changed = changed;
    readiness->changed_context = context;
    pthread_mutex_unlock(&readiness->lock);
}
