/* countersign-api: the only listener. Reads settings, starts the parts in
 * order, waits for a signal, and lets what is under way finish. */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "api/api.h"
#include "api/live/feed.h"
#include "api/http/handlers.h"
#include "api/requests/judging.h"
#include "api/sign_in/factor.h"
#include "api/sign_in/known_tokens.h"
#include "api/meters.h"
#include "api/sign_in/oidc.h"
#include "api/live/outputs.h"
#include "api/live/parks.h"
#include "api/live/places.h"
#include "api/sign_in/proxy.h"
#include "api/routes/route_list.h"
#include "api/requests/room.h"
#include "api/requests/sandboxes.h"
#include "api/trail/sealer.h"
#include "api/http/server.h"
#include "api/live/streams.h"
#include "api/requests/warnings.h"
#include "api/requests/writes.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/guard.h"
#include "common/base/log.h"
#include "common/base/signing.h"
#include "common/domain/doorbell.h"
#include "statements.h"

#define VERSION "0.1.0"
#define TICK_MS 250
#define LOOK_MS 2000
#define QUEUE_LIMIT 4096
#define DATABASE_WAIT_SECONDS 30

static void sleep_ms(int64_t ms)
{
    nanosleep(&(struct timespec){ms / 1000, (ms % 1000) * 1000000}, NULL);
}

/* scheme://host:port of PUBLIC_URL: what browsers send as Origin. */
static void read_public_url(struct api *api)
{
    const char *url = api->settings.public_url;
    const char *host = strstr(url, "://");
    size_t len = host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/") : 0;
    if (len < sizeof api->origin)
        memcpy(api->origin, url, len);
    api->tls = strncmp(url, "https://", 8) == 0;
}

/* The signals that end the process; blocked, so that they are waited for. */
static sigset_t ending_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

/* False when the process was asked to end meanwhile. */
static bool wait_second(void)
{
    const struct timespec second = {1, 0};
    const sigset_t signals = ending_signals();
    return sigtimedwait(&signals, NULL, &second) < 0;
}

/* Waits a while for a database that is still starting. */
static bool open_first(struct api *api, struct db **ret_db, struct error *err)
{
    int64_t until = clock_monotonic_ms() + DATABASE_WAIT_SECONDS * 1000;
    bool said = false;
    while (!db_open(api->settings.database_url.value, "countersign-api", ret_db, err)) {
        if (err->code != ERR_UNAVAILABLE || clock_monotonic_ms() > until)
            return false;
        if (!said)
            log_error("start.database", err);
        said = true;
        if (!wait_second())
            return fail(err, ERR_UNAVAILABLE, "asked to end while waiting for the database");
    }
    return true;
}

/* What is answered with 201 must outlive the next power cut. A login may change its own settings,
 * so that nobody needs to have meant this. */
static bool check_durable(struct db *db, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_undurable(db, &rows, err))
        return false;
    return rows_count(rows) == 0 ||
           fail(err, ERR_INTERNAL, "the database has %s off: what it says is done could be lost",
                rows_text(rows, 0, 0));
}

/* The cookie's name carries the instance: cookies are shared by all ports of a host. */
static bool check_database(struct api *api, struct error *err)
{
    AUTO(db) struct db *db = NULL;
    AUTO(rows) struct rows *rows = NULL;
    if (!open_first(api, &db, err) || !db_check_statements(db, statement_table, err) ||
        !check_durable(db, err) || !sql_instance_get(db, &rows, err))
        return false;
    snprintf(api->instance, sizeof api->instance, "%s", rows_text(rows, 0, 0));
    snprintf(api->cookie_name, sizeof api->cookie_name, "%scs_session_%.8s",
             api->tls ? "__Host-" : "", api->instance);
    snprintf(api->flow_cookie, sizeof api->flow_cookie, "%scs_oidc_%.8s", api->tls ? "__Host-" : "",
             api->instance);
    return true;
}

static bool hash_dummy(struct api *api, struct error *err)
{
    char hash[PASSWORD_HASH_SIZE], token[TOKEN_SIZE];
    token_new("", token);
    if (!password_hash(bytes_of(token), hash, err))
        return false;
    api->dummy_hash = memory_text(hash);
    return true;
}

/* Parked connections are file descriptors. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool start(struct api *api, struct error *err)
{
    const struct settings *settings = &api->settings;
    raise_file_limit();
    read_public_url(api);
    sem_init(&api->hashing, 0, PASSWORD_HASHES_AT_ONCE);
    if (!sandboxes_check(settings, err) || !room_open(settings, err) || !crypto_init(err) ||
        !signing_key_read(settings->signing_key_file, "decision", &api->signing_key, err) ||
        !factors_new(settings, &api->factors, err) || !proxy_new(settings, &api->proxy, err) ||
        !oidc_new(settings, &api->oidc, err) || !check_database(api, err) ||
        !hash_dummy(api, err) || !writes_open(api, err) || !sealer_new(settings, &api->sealer, err))
        return false;
    api->meters = meters_new(route_count);
    api->places = places_new(settings->max_streams_per_person);
    api->known_tokens = known_tokens_new();
    api->warnings = warnings_new();
    api->doorbell = doorbell_new(settings->redis_url.value, settings->redis_prefix);
    api->handlers = handlers_new(api, (size_t)settings->api_handlers, QUEUE_LIMIT);
    api->parks = parks_new(api->handlers);
    api->streams = streams_new(api);
    api->outputs = outputs_new(api);
    api->feed = feed_new(api);
    return judging_new(api, &api->judging, err) && server_new(api, &api->server, err);
}

static bool write_port(const struct api *api, struct error *err)
{
    const char *path = api->settings.api_port_file;
    FILE *file = *path ? fopen(path, "we") : NULL;
    if (*path && !file)
        return fail(err, ERR_BAD_REQUEST, "API_PORT_FILE %s can not be written", path);
    if (file) {
        fprintf(file, "%d\n", server_port(api->server));
        fclose(file);
    }
    return true;
}

static void tick(struct api *api)
{
    static int64_t next_look_ms;
    int64_t now = clock_monotonic_ms();
    if (now >= next_look_ms) {
        next_look_ms = now + LOOK_MS;
        parks_look(api->parks);
    }
    parks_expire(api->parks, now);
    streams_beat(api->streams, now);
    server_sweep(api->server);
}

/* Until a signal to end arrives. */
static void serve(struct api *api, const sigset_t *signals)
{
    const struct timespec pause = {0, TICK_MS * 1000000L};
    while (sigtimedwait(signals, NULL, &pause) < 0)
        tick(api);
}

/* No new connections; polls answer, streams end, what is under way finishes. */
static void drain(struct api *api)
{
    int64_t until = clock_monotonic_ms() + api->settings.body_seconds * 1000;
    LOG(LOG_INFO, "drain");
    server_close_door(api->server);
    parks_close(api->parks);
    streams_close(api->streams);
    while (server_busy(api->server) > 0 && clock_monotonic_ms() < until) {
        tick(api);
        sleep_ms(10);
    }
}

static void stop(struct api *api)
{
    sealer_free(api->sealer);
    judging_free(api->judging);
    feed_free(api->feed);
    outputs_free(api->outputs);
    handlers_close(api->handlers);
    server_free(api->server);
    handlers_free(api->handlers);
    streams_free(api->streams);
    parks_free(api->parks);
    doorbell_free(api->doorbell);
    writes_close(api);
    places_free(api->places);
    known_tokens_free(api->known_tokens);
    warnings_free(api->warnings);
    signing_key_free(api->signing_key);
    factors_free(api->factors);
    proxy_free(api->proxy);
    oidc_free(api->oidc);
    meters_free(api->meters);
    free(api->dummy_hash);
}

static int run(struct api *api)
{
    struct error err = {0};
    const sigset_t signals = ending_signals();
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (!start(api, &err) || !write_port(api, &err)) {
        log_error("start.failed", &err);
        return 1;
    }
    LOG(LOG_INFO, "listening", LOG_TEXT("address", api->settings.api_bind),
        LOG_NUMBER("port", server_port(api->server)), LOG_TEXT("instance", api->instance));
    serve(api, &signals);
    drain(api);
    stop(api);
    LOG(LOG_INFO, "stopped");
    return 0;
}

static enum log_level level_named(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum log_level)i;
    return LOG_INFO;
}

int main(int argc, char **argv)
{
    static struct api api;
    struct error err = {0};
    guard_memory();
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        printf("countersign-api %s\n", VERSION);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "--routes") == 0) {
        route_list_print(stdout);
        return 0;
    }
    if (argc > 1) {
        bool help = strcmp(argv[1], "--help") == 0;
        fprintf(help ? stdout : stderr,
                "usage: countersign-api [--help | --routes | --version]\n\n");
        if (help)
            settings_print_help(SETTINGS_API, stdout);
        return help ? 0 : 2;
    }
    if (!settings_load(SETTINGS_API, stderr, &api.settings, &err))
        return 2;
    log_open("api", level_named(api.settings.log_level));
    return run(&api);
}
