#include "api/dispatch.h"

#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/database.h"
#include "api/http/handlers.h"
#include "api/requests/idempotency.h"
#include "api/meters.h"
#include "api/live/places.h"
#include "api/sign_in/proxy.h"
#include "api/http/stream.h"
#include "api/routes/decision.h"
#include "api/requests/upload.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/log.h"

static bool check_content_type(const struct exchange *exchange, struct error *err)
{
    const char *type = exchange_header(exchange, "Content-Type");
    size_t len = type ? strcspn(type, "; \t") : 0;
    if (framing_header_count(&exchange->head, "Content-Type") > 1)
        return fail(err, ERR_BAD_REQUEST, "more than one Content-Type");
    if (len != 16 || strncasecmp(type, "application/json", len) != 0)
        return fail(err, ERR_MEDIA_TYPE, "the body must be application/json");
    const char *charset = strcasestr(type, "charset=");
    if (charset && strncasecmp(charset + 8, "utf-8", 5) != 0 &&
        strncasecmp(charset + 8, "\"utf-8\"", 7) != 0)
        return fail(err, ERR_MEDIA_TYPE, "the body must be UTF-8");
    return true;
}

/* The digest covers method and path too: the same key on another request is another use. */
static void digest_request(const struct exchange *exchange, char ret_hex[SHA256_HEX])
{
    struct sha256 sha;
    uint8_t digest[SHA256_SIZE];
    sha256_start(&sha);
    sha256_add(&sha, bytes_of(exchange->head.method));
    sha256_add(&sha, bytes_of(" "));
    sha256_add(&sha, bytes_of(exchange->uri.path));
    sha256_add(&sha, bytes_of("\n"));
    sha256_add(&sha, buffer_bytes(&exchange->body));
    sha256_end(&sha, digest);
    hex_encode(digest, sizeof digest, ret_hex);
}

static bool read_key(struct call *call, char key[IDEMPOTENCY_KEY_SIZE], struct error *err)
{
    const struct exchange *exchange = call->exchange;
    const char *header = exchange_header(exchange, "Idempotency-Key");
    if (!header || exchange->route->method == METHOD_GET)
        return true;
    if (framing_header_count(&exchange->head, "Idempotency-Key") > 1)
        return fail_field(err, ERR_BAD_REQUEST, "Idempotency-Key", "more than one Idempotency-Key");
    if (!idempotency_key_read(header, key, err))
        return false;
    digest_request(exchange, call->body_sha256);
    call->key = key;
    return true;
}

static bool run_route(struct call *call, struct error *err)
{
    struct exchange *exchange = call->exchange;
    const struct route *route = exchange->route;
    char key[IDEMPOTENCY_KEY_SIZE];
    if (route->access != ACCESS_ANYONE || route->body == BODY_JSON) {
        if (!identity_find(call->api, call->db, exchange, &call->who, err))
            return false;
        exchange->person_id = call->who.person_id;
    }
    if (!identity_check(call->api, exchange, &call->who, err)) {
        decision_barred(call, err);
        return false;
    }
    if (!read_key(call, key, err))
        return false;
    if (route->body == BODY_JSON &&
        (!check_content_type(exchange, err) ||
         !json_read_object(buffer_bytes(&exchange->body), &call->body, err)))
        return false;
    return route->handle(call, err);
}

static void settle(struct api *api, struct exchange *exchange, const struct error *err)
{
    reply_error(&exchange->reply, err);
    int status = error_status(err->code);
    if (status >= 500)
        log_error("request.failed", err);
    if (err->code == ERR_UNAVAILABLE || err->code == ERR_LOST || err->code == ERR_BUSY ||
        err->code == ERR_INTERNAL)
        meters_count_db_error(api->meters);
}

/* Routes that answer out of memory do so while the database is away, too. */
static bool needs_database(const struct route *route)
{
    return route->access != ACCESS_ANYONE || route->body != BODY_NONE;
}

static bool try_route(struct api *api, struct db **io_db, struct exchange *exchange,
                      bool *ret_parked, struct error *err)
{
    struct call call = {.api = api, .exchange = exchange, .reply = &exchange->reply};
    bool fine = !needs_database(exchange->route) || database_ready(api, io_db, err);
    call.db = *io_db;
    fine = fine && run_route(&call, err);
    *io_db = call.db; /* public routes open it themselves where they need it */
    *ret_parked = call.parked;
    json_decref(call.body);
    return fine;
}

/* What only reads is tried again with a new connection when the old one broke. */
static enum dispatch_outcome handle(struct api *api, struct db **io_db, struct exchange *exchange)
{
    struct error err = {0};
    bool parked = false;
    bool fine = try_route(api, io_db, exchange, &parked, &err);
    if (!fine && database_failed(api, &err) && exchange->route->method == METHOD_GET) {
        buffer_clear(&exchange->reply.body);
        fine = try_route(api, io_db, exchange, &parked, &err);
    }
    if (parked)
        return DISPATCH_PARKED;
    if (!fine)
        settle(api, exchange, &err);
    return DISPATCH_READY;
}

/* The steps of an upload, each on whichever handler is free. */
static void handle_upload(struct api *api, struct db **io_db, struct exchange *exchange)
{
    struct error err = {0};
    struct call call = {.api = api, .exchange = exchange, .reply = &exchange->reply};
    bool fine = database_ready(api, io_db, &err);
    call.db = *io_db;
    if (exchange->job == JOB_OPEN)
        fine = fine && identity_find(api, call.db, exchange, &call.who, &err) &&
               identity_check(api, exchange, &call.who, &err) && upload_open(&call, &err);
    else
        fine = fine && upload_store(&call, exchange->job == JOB_HANDLE, &err);
    if (!fine) {
        database_failed(api, &err);
        settle(api, exchange, &err);
    }
}

static void drop_upload(struct api *api, struct db **io_db, struct exchange *take_exchange)
{
    struct error err = {0};
    if (database_ready(api, io_db, &err))
        upload_drop(take_exchange->upload, *io_db);
    exchange_free(take_exchange);
}

enum dispatch_outcome dispatch_run(struct api *api, struct db **io_db, struct exchange *exchange)
{
    if (exchange->job == JOB_FILL) {
        exchange->filling->fill(exchange->filling, api, io_db);
        return DISPATCH_PARKED; /* the stream itself resumes the connection */
    }
    if (exchange->job == JOB_DROP) {
        drop_upload(api, io_db, exchange);
        return DISPATCH_PARKED;
    }
    if (exchange->job != JOB_STORE)
        proxy_name_client(api->proxy, exchange);
    if (exchange->route->body != BODY_UPLOAD)
        return handle(api, io_db, exchange);
    handle_upload(api, io_db, exchange);
    return DISPATCH_READY;
}

static void log_access(const struct exchange *exchange, int64_t microseconds, bool completed)
{
    const char *method = exchange->head.method ? exchange->head.method : "";
    /* The path without its query: that may hold what people search for. */
    const char *path = exchange->uri.path ? exchange->uri.path : "";
    LOG(LOG_INFO, "request", LOG_TEXT("id", exchange->id), LOG_TEXT("method", method),
        LOG_TEXT("path", path), LOG_NUMBER("status", exchange->reply.status),
        LOG_NUMBER("us", microseconds), LOG_NUMBER("person", exchange->person_id),
        LOG_TEXT("code", exchange->reply.code), LOG_TEXT("address", exchange->address),
        LOG_NUMBER("whole", completed));
}

void dispatch_finished(struct api *api, struct exchange *take_exchange, bool completed)
{
    struct exchange *exchange = take_exchange;
    int64_t microseconds = clock_monotonic_us() - exchange->started_us;
    size_t route = exchange->route ? (size_t)(exchange->route - route_table) : route_count;
    meters_count(api->meters, route, exchange->reply.status, microseconds);
    if (exchange->held_place)
        places_give(api->places, exchange->held_place);
    log_access(exchange, microseconds, completed || exchange->phase == PHASE_STREAMED);
    if (!upload_is_cut(exchange->upload)) {
        exchange_free(exchange);
        return;
    }
    exchange->job = JOB_DROP;
    if (!handlers_put(api->handlers, exchange))
        exchange_free(exchange); /* the database forgets the chunks by their age */
}
