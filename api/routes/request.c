#include "api/routes/request.h"

#include <stdio.h>
#include <string.h>

#include "api/requests/judging.h"
#include "api/live/parks.h"
#include "api/live/places.h"
#include "api/requests/room.h"
#include "api/requests/submission.h"
#include "api/requests/warnings.h"
#include "api/requests/writes.h"
#include "common/base/clock.h"
#include "common/base/crypto.h"
#include "common/base/fault.h"
#include "common/domain/code.h"
#include "statements.h"

#define WAIT_SECONDS_MAX 300
#define LIST_MAX 100
#define SEARCH_MAX 200
#define KEY_OF_ONE 320

static void add_url(json_t *result)
{
    char url[48];
    snprintf(url, sizeof url, "/requests/%lld", (long long)json_integer_of(result, "id", 0));
    json_object_set_new(result, "url", json_string(url));
}

bool route_submit(struct call *call, struct error *err)
{
    AUTO(json) json_t *item = NULL, *result = NULL;
    if (!room_check(&call->api->settings, err) ||
        !submission_read(call->api, call->body, "", &item, err) ||
        !submission_judge(call->api, call->body, item, err))
        return false;
    FAULT("api.submit.validated");
    if (!writes_run(call, WRITE_SUBMIT, TAKE(item), &result, err))
        return false;
    add_url(result);
    warnings_add(call, json_integer_of(call->body, "team_id", 0), result);
    reply_json(call->reply, 201, result);
    return true;
}

static json_t *refusal_row(const struct error *err)
{
    struct reply refusal = {0};
    reply_error(&refusal, err);
    json_t *row = json_pack("{s:i, s:o}", "status", refusal.status, "body",
                            json_loads(refusal.body.data, 0, NULL));
    reply_clear(&refusal);
    return row;
}

/* Reads one submission of a batch; false with the error of that one. */
static bool read_one(struct call *call, const json_t *body, size_t n, json_t **ret_item,
                     struct error *err)
{
    char path[32];
    snprintf(path, sizeof path, "requests.%zu", n);
    if (!json_is_object(body))
        return fail_field(err, ERR_INVALID_FIELD, path, "%s must be an object", path);
    AUTO(json) json_t *item = NULL;
    if (!submission_read(call->api, body, path, &item, err) ||
        !submission_judge(call->api, body, item, err))
        return false;
    *ret_item = TAKE(item);
    return true;
}

/* Submits what could be read, together; the others keep their errors. */
static void submit_read(struct call *call, json_t *const *items, struct error *errors,
                        json_t **ret_results)
{
    struct batch_element elements[BATCH_MAX];
    size_t places[BATCH_MAX], count = 0;
    char keys[BATCH_MAX][KEY_OF_ONE];
    const char *key_list[BATCH_MAX];
    for (size_t n = 0; n < BATCH_MAX; n++) {
        if (!items[n])
            continue;
        /* Each element has a key of its own, so that a repeat finds each again. */
        snprintf(keys[count], KEY_OF_ONE, "%zu/%s", n, call->key ? call->key : "");
        key_list[count] = call->key ? keys[count] : NULL;
        elements[count] = (struct batch_element){.item = items[n]};
        places[count++] = n;
    }
    writes_run_all(call, WRITE_SUBMIT, elements, key_list, count);
    for (size_t i = 0; i < count; i++) {
        errors[places[i]] = elements[i].err;
        ret_results[places[i]] = elements[i].result;
    }
}

/* The answer for one element, as {status, body}. */
static json_t *answer_row(struct call *call, const json_t *body, json_t *take_result,
                          const struct error *err)
{
    if (!take_result)
        return refusal_row(err);
    add_url(take_result);
    warnings_add(call, json_integer_of(body, "team_id", 0), take_result);
    return json_pack("{s:i, s:o}", "status", 201, "body", take_result);
}

bool route_submit_batch(struct call *call, struct error *err)
{
    static const struct json_field fields[] = {
        {"requests", JSON_KIND_ARRAY, true, 1, BATCH_MAX},
    };
    if (!room_check(&call->api->settings, err) ||
        !json_check(call->body, "", fields, COUNT_OF(fields), err))
        return false;
    json_t *items[BATCH_MAX] = {NULL}, *results[BATCH_MAX] = {NULL};
    struct error errors[BATCH_MAX] = {{0}};
    size_t n;
    json_t *body;
    json_array_foreach (json_object_get(call->body, "requests"), n, body)
        if (!read_one(call, body, n, &items[n], &errors[n]))
            items[n] = NULL;
    submit_read(call, items, errors, results);
    AUTO(json) json_t *rows = json_array();
    json_array_foreach (json_object_get(call->body, "requests"), n, body) {
        json_decref(items[n]);
        json_array_append_new(rows, answer_row(call, body, results[n], &errors[n]));
    }
    AUTO(json) json_t *answer = json_pack("{s:O}", "results", rows);
    reply_json(call->reply, 200, answer);
    return true;
}

static bool check_word(const char *word, const char *const *words, const char *field,
                       struct error *err)
{
    for (size_t i = 0; words[i]; i++)
        if (strcmp(word, words[i]) == 0)
            return true;
    return fail_field(err, ERR_INVALID_FIELD, field, "%s is not one of the known words", field);
}

/* Every word of a list with commas between. */
static bool check_states(const char *list, struct error *err)
{
    static const char *const states[] = {"drafting",          "needs_answer", "pending",
                                         "changes_requested", "approved",     "running",
                                         "blocked",           "succeeded",    "outcome_unknown",
                                         "draft_failed",      "rejected",     "cancelled",
                                         "expired",           "failed",       NULL};
    char word[32];
    for (const char *at = list; *at; at += strspn(at, ",")) {
        size_t len = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)(len < 31 ? len : 31), at);
        if (!check_word(word, states, "state", err))
            return false;
        at += len;
    }
    return true;
}

static bool read_filter(const struct uri *uri, json_t *filter, struct error *err)
{
    static const char *const views[] = {"review", "mine", "all", "overdue", "break_glass", NULL};
    const char *view = uri_query_text(uri, "view");
    const char *state = uri_query_text(uri, "state");
    const char *q = uri_query_text(uri, "q");
    int64_t limit = 50, cursor = 0;
    if ((view && !check_word(view, views, "view", err)) || (state && !check_states(state, err)) ||
        !uri_query_integer(uri, "limit", (int64_t[]){1, LIST_MAX}, &limit, err) ||
        !uri_query_integer(uri, "cursor", (int64_t[]){1, INT64_MAX}, &cursor, err))
        return false;
    if (q && strlen(q) > SEARCH_MAX)
        return fail_field(err, ERR_INVALID_FIELD, "q", "q has at most %d bytes", SEARCH_MAX);
    if (q && !text_check(bytes_of(q), TEXT_LINE, "q", err))
        return false;
    json_object_set_new(filter, "view", json_string(view ? view : "all"));
    json_object_set_new(filter, "limit", json_integer(limit));
    if (state)
        json_object_set_new(filter, "state", json_string(state));
    if (q)
        json_object_set_new(filter, "q", json_string(q));
    if (cursor)
        json_object_set_new(filter, "cursor", json_integer(cursor));
    return true;
}

bool route_request_list(struct call *call, struct error *err)
{
    AUTO(json) json_t *filter = json_object();
    if (!read_filter(&call->exchange->uri, filter, err))
        return false;
    AUTO(text) char *text = json_text(filter);
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_request_list(call->db, call->who.person_id, text, &rows, err))
        return false;
    reply_json_text(call->reply, 200, rows_text(rows, 0, 0));
    return true;
}

/* Reads `wait` and `until` once; later runs of the same poll find them there. */
static bool read_wait(struct call *call, struct error *err)
{
    static const char *const words[] = {"decision", "done", NULL};
    struct exchange *exchange = call->exchange;
    int64_t seconds = 0;
    const char *until = uri_query_text(&exchange->uri, "until");
    if (!uri_query_integer(&exchange->uri, "wait", (int64_t[]){0, WAIT_SECONDS_MAX}, &seconds,
                           err) ||
        (until && !check_word(until, words, "until", err)))
        return false;
    if (seconds > 0 && exchange->wait.deadline_ms == 0) {
        exchange->wait.request_id = exchange->ids[0];
        exchange->wait.until_done = until && strcmp(until, "done") == 0;
        exchange->wait.deadline_ms = clock_monotonic_ms() + seconds * 1000;
    }
    return true;
}

static bool take_place(struct call *call, struct error *err)
{
    if (call->exchange->held_place)
        return true;
    if (!places_take(call->api->places, call->who.person_id))
        return fail(err, ERR_THROTTLED, "too many open event streams and polls");
    call->exchange->held_place = call->who.person_id;
    return true;
}

/* Parks the poll while its request keeps it waiting. Nothing of the call may
 * be touched once it is parked: another handler may have it already. */
static bool park(struct call *call, struct error *err)
{
    struct wait *wait = &call->exchange->wait;
    while (!wait->over && wait->deadline_ms > clock_monotonic_ms()) {
        uint64_t ticket = parks_ticket(call->api->parks, wait->request_id);
        AUTO(rows) struct rows *rows = NULL;
        if (!sql_request_state(call->db, wait->request_id, call->who.person_id, &rows, err))
            return false;
        AUTO(json) json_t *now = json_loads(rows_text(rows, 0, 0), 0, NULL);
        if (!parks_state_waits(json_text_of(now, "state"), wait->until_done))
            return true;
        if (!take_place(call, err))
            return false;
        call->parked = true;
        if (parks_add(call->api->parks, call->exchange, ticket))
            return true;
        call->parked = false;
    }
    return true;
}

/* What is asked for holds code that this person was not sent before: recorded, then sent. */
static bool record_reading(struct call *call, const struct rows *rows, struct error *err)
{
    AUTO(rows) struct rows *seen = NULL;
    bool sent = call->exchange->framing.method == METHOD_GET; /* HEAD says only how long it is */
    if (!sent || rows_is_null(rows, 0, 1))
        return true;
    AUTO(json) json_t *who = identity_actor(&call->who, call->exchange);
    AUTO(text) char *actor = json_text(who);
    return sql_request_seen(call->db, actor, call->exchange->ids[0],
                            (int32_t)rows_integer(rows, 0, 1), &seen, err);
}

bool route_request_get(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!read_wait(call, err) || !park(call, err))
        return false;
    if (call->parked)
        return true;
    if (!sql_request_get(call->db, call->exchange->ids[0], call->who.person_id, &rows, err) ||
        !record_reading(call, rows, err))
        return false;
    reply_json_text(call->reply, 200, rows_text(rows, 0, 0));
    return true;
}

bool route_revision_get(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    const int64_t *ids = call->exchange->ids;
    if (ids[1] > INT32_MAX)
        return fail(err, ERR_NOT_FOUND, "there is no such revision");
    if (!sql_revision_get(call->db, ids[0], (int32_t)ids[1], call->who.person_id, &rows, err) ||
        !record_reading(call, rows, err))
        return false;
    reply_json_text(call->reply, 200, rows_text(rows, 0, 0));
    return true;
}

static bool find_request(struct call *call, json_t **ret_request, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    if (!sql_request_get(call->db, call->exchange->ids[0], call->who.person_id, &rows, err))
        return false;
    *ret_request = json_loads(rows_text(rows, 0, 0), 0, NULL);
    return true;
}

/* A revision that names no language keeps the one there is. Should that change meanwhile, the
 * revision is refused as stale. */
static bool judge_revision(struct call *call, json_t *item, struct error *err)
{
    AUTO(json) json_t *request = NULL;
    const char *language = json_text_of(call->body, "language");
    if (!language && !find_request(call, &request, err))
        return false;
    return submission_judge_revision(
        call->api, call->body, language ? language : json_text_of(request, "language"), item, err);
}

bool route_revise(struct call *call, struct error *err)
{
    AUTO(json) json_t *item = NULL, *result = NULL;
    if (!room_check(&call->api->settings, err) ||
        !submission_read_revision(call->api, call->body, call->exchange->ids[0], &item, err) ||
        !judge_revision(call, item, err) ||
        !writes_run(call, WRITE_REVISE, TAKE(item), &result, err))
        return false;
    warnings_add_now(call, result);
    reply_json(call->reply, 201, result);
    return true;
}

/* The same code, judged by today's rules. */
bool route_run_again(struct call *call, struct error *err)
{
    AUTO(json) json_t *request = NULL, *result = NULL;
    const struct settings *settings = &call->api->settings;
    if (!room_check(settings, err) || !json_check(call->body, "", NULL, 0, err) ||
        !find_request(call, &request, err))
        return false;
    const json_t *code = json_object_get(request, "code");
    AUTO(json)
    json_t *item = json_pack("{s:I, s:I, s:o}", "id", (json_int_t)call->exchange->ids[0],
                             "max_waiting", (json_int_t)settings->max_waiting_per_person,
                             "max_limits", submission_most(settings));
    submission_add_clocks(settings, item);
    if (!judging_add(call->api->judging, json_text_of(request, "language"),
                     (struct bytes){json_string_value(code), json_string_length(code)}, item,
                     err) ||
        !writes_run(call, WRITE_RUN_AGAIN, TAKE(item), &result, err))
        return false;
    add_url(result);
    warnings_add_now(call, result);
    reply_json(call->reply, 201, result);
    return true;
}

bool route_request_audit(struct call *call, struct error *err)
{
    int64_t id = 0;
    AUTO(rows) struct rows *rows = NULL;
    if (!uri_query_integer(&call->exchange->uri, "request_id", (int64_t[]){1, INT64_MAX}, &id, err))
        return false;
    if (id == 0)
        return fail_field(err, ERR_MISSING_FIELD, "request_id", "request_id is missing");
    if (!sql_request_audit(call->db, id, call->who.person_id, &rows, err))
        return false;
    reply_json_text(call->reply, 200, rows_text(rows, 0, 0));
    return true;
}
