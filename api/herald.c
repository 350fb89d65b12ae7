#include "api/herald.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/domain/seal.h"
#include "common/io/http.h"
#include "statements.h"

#define HEADS_AT_ONCE 100
#define POST_MS 5000
#define PAUSE_MS 1000
#define PAUSE_MOST_MS 60000

struct herald {
    const struct settings *settings;
    struct db *db;
    struct http *http;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t end;
    atomic_bool closing;
    int64_t pause_ms; /* longer after each failure */
};

static bool post(struct herald *herald, const struct seal *seal)
{
    char line[SEAL_LINE_SIZE];
    seal_line(seal, line);
    AUTO(json) json_t *root = json_pack("{s:s}", "head", line);
    AUTO(text) char *body = json_text(root);
    AUTO(http_answer) struct http_answer answer = {0};
    const struct http_request request = {.method = "POST",
                                         .url = herald->settings->seal_webhook_url,
                                         .content_type = "application/json",
                                         .body = bytes_of(body),
                                         .cancelled = &herald->closing,
                                         .deadline_ms = clock_monotonic_ms() + POST_MS};
    if (http_call(herald->http, &request, &answer) && answer.status / 100 == 2)
        return true;
    if (!herald->closing)
        LOG(LOG_WARN, "seal.webhook", LOG_NUMBER("seal", seal->n),
            LOG_NUMBER("status", answer.status), LOG_TEXT("error", answer.text));
    return false;
}

/* The next heads; `ret_count` is how many were taken, and all of them when this is true. */
static bool post_some(struct herald *herald, size_t *ret_count, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_heads_unsent(herald->db, HEADS_AT_ONCE, &rows, err))
        return false;
    *ret_count = rows_count(rows);
    for (size_t i = 0; i < rows_count(rows); i++) {
        AUTO(rows) struct rows *put = NULL;
        struct seal seal;
        if (!seal_from_row(rows, i, &seal))
            return fail(err, ERR_CONFLICT, "a seal can not be read");
        if (!post(herald, &seal))
            return fail(err, ERR_UNAVAILABLE, "SEAL_WEBHOOK_URL did not take a head");
        if (!sql_head_sent_put(herald->db, seal.n, &put, err))
            return false;
    }
    return true;
}

static bool post_all(struct herald *herald, struct error *err)
{
    AUTO(rows) struct rows *lock = NULL;
    size_t count = HEADS_AT_ONCE;
    if (!sql_head_lock(herald->db, &lock, err))
        return false;
    while (rows_integer(lock, 0, 0) && count == HEADS_AT_ONCE)
        if (!post_some(herald, &count, err))
            return false;
    return true;
}

static bool wait_or_close(struct herald *herald)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += herald->pause_ms / 1000;
    pthread_mutex_lock(&herald->lock);
    int timed_out = 0;
    while (!herald->closing && !timed_out)
        timed_out = pthread_cond_timedwait(&herald->end, &herald->lock, &until);
    pthread_mutex_unlock(&herald->lock);
    return !herald->closing;
}

static int64_t longer(int64_t pause_ms)
{
    return 2 * pause_ms < PAUSE_MOST_MS ? 2 * pause_ms : PAUSE_MOST_MS;
}

static void *run(void *context)
{
    struct herald *herald = context;
    do {
        struct error err = {0};
        bool good = post_all(herald, &err);
        /* What the address did not take is told by `post`, each time. */
        if (!good && err.code != ERR_UNAVAILABLE)
            log_error("seal.webhook", &err);
        herald->pause_ms = good ? PAUSE_MS : longer(herald->pause_ms);
    } while (wait_or_close(herald));
    return NULL;
}

static void start(struct herald *herald)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&herald->end, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&herald->lock, NULL);
    if (pthread_create(&herald->thread, NULL, run, herald) != 0)
        memory_none();
}

bool herald_new(const struct settings *settings, struct herald **ret_herald, struct error *err)
{
    AUTO(db) struct db *db = NULL;
    *ret_herald = NULL;
    if (!settings->seal_webhook_url[0])
        return true;
    if (!db_open(settings->sealer_database_url.value, "countersign-herald", &db, err))
        return false;
    struct herald *herald = memory_new(1, sizeof *herald);
    herald->settings = settings;
    herald->db = TAKE(db);
    herald->http = http_new(&(struct http_options){.ca_file = settings->ca_file});
    herald->pause_ms = PAUSE_MS;
    start(herald);
    *ret_herald = herald;
    return true;
}

void herald_free(struct herald *herald)
{
    if (!herald)
        return;
    pthread_mutex_lock(&herald->lock);
    http_cancel(herald->http, &herald->closing);
    pthread_cond_signal(&herald->end);
    pthread_mutex_unlock(&herald->lock);
    pthread_join(herald->thread, NULL);
    pthread_cond_destroy(&herald->end);
    pthread_mutex_destroy(&herald->lock);
    http_free(herald->http);
    db_close(herald->db);
    free(herald);
}
