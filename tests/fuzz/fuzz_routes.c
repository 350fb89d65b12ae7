/* Every route with a body of JSON, and those that read, from the headers to the database's door.
 * Input: method and target (a line), an Idempotency-Key (a line), the body. The database is ours
 * here: it holds what reaches it to what PostgreSQL takes, and answers that it is away. */
#include "api/api.h"
#include "api/database.h"
#include "api/dispatch.h"
#include "api/requests/judging.h"
#include "api/meters.h"
#include "api/live/parks.h"
#include "api/live/places.h"
#include "api/http/router.h"
#include "api/http/uri.h"
#include "common/base/log.h"
#include "common/io/batch.h"
#include "common/io/db.h"
#include "tests/fuzz/fuzz.h"

static int asked;   /* calls that reached the database */
static int written; /* of those, items of the write functions */

bool __wrap_database_ready(struct api *api, struct db **io_db, struct error *err);
bool __wrap_identity_find(struct api *api, struct db *db, const struct exchange *exchange,
                          struct identity *ret_identity, struct error *err);
bool __wrap_identity_check(const struct api *api, const struct exchange *exchange,
                           const struct identity *identity, struct error *err);
void __wrap_meters_count_db_error(struct meters *meters);
void __wrap_streams_close_session(struct streams *streams, int64_t session_id);
void __wrap_log_error(const char *event, const struct error *err);
bool __wrap_db_run(struct db *db, const struct statement *statement, const struct db_param *params,
                   struct rows **ret_rows, struct error *err);
bool __wrap_batch_call(struct batch *batch, const json_t *item, json_t **ret_result,
                       struct error *err);
void __wrap_batch_call_all(struct batch *batch, struct batch_element *elements, size_t count);
bool __wrap_judging_add(struct judging *judging, const char *language, struct bytes code,
                        json_t *item, struct error *err);

/* PostgreSQL takes no text with a NUL or with bytes that are not UTF-8: that would be a 500. */
static void check_text(struct bytes text)
{
    CLAIM(!text.data || (fuzz_is_utf8(text) && !memchr(text.data, '\0', text.len)));
}

/* The rules are in a process of their own; only what is accepted as code gets there. */
bool __wrap_judging_add(struct judging *judging, const char *language, struct bytes code,
                        json_t *item, struct error *err)
{
    (void)judging, (void)err;
    CLAIM(language && code.len > 0);
    check_text(code);
    json_object_set_new(item, "verdict", json_string("{}"));
    return true;
}

bool __wrap_database_ready(struct api *api, struct db **io_db, struct error *err)
{
    (void)api, (void)io_db, (void)err;
    return true;
}

bool __wrap_identity_find(struct api *api, struct db *db, const struct exchange *exchange,
                          struct identity *ret_identity, struct error *err)
{
    (void)api, (void)db, (void)exchange, (void)err;
    *ret_identity = (struct identity){.person_id = 7,
                                      .session_id = 8,
                                      .roles = ~0u,
                                      .scopes = ~0u,
                                      .human = true,
                                      .login = "ada",
                                      .teams = ",1,"};
    return true;
}

bool __wrap_identity_check(const struct api *api, const struct exchange *exchange,
                           const struct identity *identity, struct error *err)
{
    (void)api, (void)exchange, (void)identity, (void)err;
    return true;
}

void __wrap_meters_count_db_error(struct meters *meters)
{
    (void)meters;
}

void __wrap_streams_close_session(struct streams *streams, int64_t session_id)
{
    (void)streams, (void)session_id;
}

void __wrap_log_error(const char *event, const struct error *err)
{
    (void)event, (void)err;
}

bool __wrap_db_run(struct db *db, const struct statement *statement, const struct db_param *params,
                   struct rows **ret_rows, struct error *err)
{
    (void)db, (void)ret_rows;
    asked++;
    for (int i = 0; i < statement->param_count; i++)
        if (params[i].kind == DB_TEXT)
            check_text(params[i].bytes);
    return fail(err, ERR_UNAVAILABLE, "away");
}

static void check_code(const char *code)
{
    CLAIM(code[strspn(code, " \t\n")] && !strpbrk(code, "\r\v\f\x1b\x7f"));
    CLAIM(!strstr(code, "\xe2\x80\xae") && !strstr(code, "\xe2\x80\x8b")); /* U+202E, U+200B */
}

/* Whether JSON escapes a NUL somewhere. A backslash takes what is behind it along, another too. */
static bool escapes_nul(const char *json)
{
    for (const char *at = json; (at = strchr(at, '\\')); at += 2)
        if (strncmp(at, "\\u0000", 6) == 0)
            return true;
    return false;
}

/* jsonb takes no \u0000 and no text of more than the function's columns hold. */
static void check_item(const json_t *item)
{
    const json_t *actor = json_object_get(item, "actor");
    const char *code = json_text_of(item, "code");
    AUTO(text) char *text = json_text(item);
    CLAIM(json_is_object(item) && json_integer_of(actor, "person_id", 0) == 7);
    CLAIM(!escapes_nul(text));
    check_text(bytes_of(text));
    if (code)
        check_code(code);
    for (size_t i = 0; i < json_array_size(json_object_get(item, "files")); i++)
        CLAIM(json_integer_of(json_array_get(json_object_get(item, "files"), i), "id", 0) > 0);
    asked++;
    written++;
}

bool __wrap_batch_call(struct batch *batch, const json_t *item, json_t **ret_result,
                       struct error *err)
{
    (void)batch, (void)err;
    check_item(item);
    *ret_result = json_pack("{s:i, s:s}", "id", 12, "state", "pending");
    return true;
}

void __wrap_batch_call_all(struct batch *batch, struct batch_element *elements, size_t count)
{
    (void)batch;
    CLAIM(count <= BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        elements[i].err = (struct error){0};
        CLAIM(__wrap_batch_call(batch, elements[i].item, &elements[i].result, &elements[i].err));
    }
}

static struct api *our_api(void)
{
    static struct api api;
    struct error err = {0};
    if (api.cookie_name[0])
        return &api;
    clearenv();
    CLAIM(settings_load(SETTINGS_API, stderr, &api.settings, &err));
    memcpy(api.cookie_name, "session", 8);
    api.parks = parks_new(NULL); /* nobody is ever woken */
    api.places = places_new(1);
    return &api;
}

/* What answers out of memory or stays open has nothing to read here. */
static bool is_wanted(const struct route *route)
{
    bool quiet = route->body == BODY_NONE && route->access == ACCESS_ANYONE;
    return !quiet && route->body != BODY_UPLOAD && !strstr(route->path, "events") &&
           !strstr(route->path, "/output");
}

static bool find_route(struct exchange *exchange, const char *line)
{
    struct error err = {0};
    exchange->head.method = exchange->target; /* the line begins with it */
    for (int i = 0; i < METHOD_COUNT; i++) {
        size_t len = strlen(method_names[i]);
        if (strncmp(line, method_names[i], len) != 0 || line[len] != ' ')
            continue;
        exchange->head.method = method_names[i];
        exchange->framing.method = (enum method)i;
        return uri_parse(line + len + 1, &exchange->uri, &err) &&
               router_find(exchange->framing.method, exchange->uri.path, &exchange->route,
                           exchange->ids, &err) &&
               uri_check_query(&exchange->uri, exchange->route->query, &err) &&
               is_wanted(exchange->route);
    }
    return false;
}

/* What was refused reached nobody; nothing is our fault but that the database is away. */
static void check_reply(const struct reply *reply)
{
    if (reply->status == 204) {
        CLAIM(reply->body.len == 0);
        return;
    }
    AUTO(json) json_t *body = json_loadb(reply->body.data, reply->body.len, 0, NULL);
    const char *code = json_text_of(json_object_get(body, "error"), "code");
    CLAIM(json_is_object(body) && reply->status >= 200);
    CLAIM((reply->status < 300) == (code == NULL));
    if (reply->status >= 400 && reply->status < 500)
        CLAIM(asked == 0);
    if (reply->status >= 500)
        CLAIM(reply->status == 503 && asked > 0 && written == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {data, data + size};
    AUTO(text) char *line = fuzz_text(fuzz_line(&fuzz));
    AUTO(text) char *key = fuzz_text(fuzz_line(&fuzz));
    struct bytes body = fuzz_rest(&fuzz);
    struct exchange *exchange = exchange_new(line);
    const struct header headers[] = {{"Content-Type", "application/json", 12, 16},
                                     {"User-Agent", key, 10, strlen(key)},
                                     {"Idempotency-Key", key, 15, strlen(key)}};
    exchange->head.headers = headers;
    exchange->head.header_count = *key ? 3 : 2;
    asked = written = 0;
    if (find_route(exchange, line)) {
        struct db *db = NULL;
        buffer_add(&exchange->body, body.data, body.len);
        exchange->job = JOB_HANDLE;
        CLAIM(dispatch_run(our_api(), &db, exchange) == DISPATCH_READY);
        check_reply(&exchange->reply);
        if (exchange->held_place)
            places_give(our_api()->places, exchange->held_place);
    }
    exchange->head = (struct head){0};
    exchange_free(exchange);
    return 0;
}
