#include "api/trail/herald.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/paced.h"
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
    struct paced *thread;
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

static int64_t longer(int64_t pause_ms)
{
    return 2 * pause_ms < PAUSE_MOST_MS ? 2 * pause_ms : PAUSE_MOST_MS;
}

static int64_t tell(void *context)
{
    struct herald *herald = context;
    struct error err = {0};
    bool good = post_all(herald, &err);
    /* What the address did not take is told by `post`, each time. */
    if (!good && err.code != ERR_UNAVAILABLE)
        log_error("seal.webhook", &err);
    herald->pause_ms = good ? PAUSE_MS : longer(herald->pause_ms);
    return herald->pause_ms;
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
    herald->thread = paced_start(tell, herald);
    *ret_herald = herald;
    return true;
}

void herald_free(struct herald *herald)
{
    if (!herald)
        return;
    http_cancel(herald->http, &herald->closing);
    paced_end(herald->thread);
    http_free(herald->http);
    db_close(herald->db);
    free(herald);
}
