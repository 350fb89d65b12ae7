#include "api/routes/health.h"

#include <inttypes.h>
#include <string.h>

#include "api/api.h"
#include "api/database.h"
#include "api/http/handlers.h"
#include "api/meters.h"
#include "api/live/parks.h"
#include "api/requests/room.h"
#include "api/sign_in/proxy.h"
#include "api/http/server.h"
#include "api/live/streams.h"
#include "common/domain/doorbell.h"
#include "statements.h"

/* The oldest schema that this program works with. */
#define SCHEMA_VERSION 6

bool route_healthz(struct call *call, struct error *err)
{
    (void)err;
    reply_json_text(call->reply, 200, "{\"ok\":true}");
    return true;
}

bool route_readyz(struct call *call, struct error *err)
{
    AUTO(rows) struct rows *rows = NULL;
    bool fine = database_ready(call->api, &call->db, err) &&
                sql_ready_check(call->db, SCHEMA_VERSION, &rows, err);
    if (fine && !rows_integer(rows, 0, 0))
        fine = fail(err, ERR_UNAVAILABLE, "the database has an older schema");
    if (fine)
        reply_json_text(call->reply, 200, "{\"ok\":true}");
    return fine;
}

bool route_instance(struct call *call, struct error *err)
{
    (void)err;
    AUTO(json)
    json_t *answer = json_pack("{s:s, s:s, s:[s]}", "instance", call->api->instance, "name",
                               "Countersign", "sign_in", "password");
    if (proxy_signs_in(call->api->proxy))
        json_array_append_new(json_object_get(answer, "sign_in"), json_string("proxy"));
    if (call->api->oidc)
        json_array_append_new(json_object_get(answer, "sign_in"), json_string("oidc"));
    reply_json(call->reply, 200, answer);
    return true;
}

static void write_gauge(struct buffer *out, const char *name, int64_t value)
{
    buffer_printf(out, "# TYPE countersign_%s gauge\ncountersign_%s %" PRId64 "\n", name, name,
                  value);
}

static bool read_numbers(struct call *call, struct rows **ret_rows)
{
    struct error err = {0};
    bool fine = database_ready(call->api, &call->db, &err) && sql_metrics(call->db, ret_rows, &err);
    if (!fine)
        database_failed(call->api, &err);
    return fine;
}

/* How many there are in each state. */
static void write_states(struct buffer *out, const char *name, json_t *states)
{
    const char *state;
    json_t *count;
    buffer_printf(out, "# TYPE countersign_%s gauge\n", name);
    json_object_foreach (states, state, count)
        buffer_printf(out, "countersign_%s{state=\"%s\"} %" PRId64 "\n", name, state,
                      (int64_t)json_integer_value(count));
}

/* One line for each element: its texts are labels, its `value` the number. */
static void write_labelled(struct buffer *out, const char *name, json_t *list)
{
    size_t n, len = strlen(name);
    json_t *element, *label;
    const char *key;
    bool counts = len > 6 && strcmp(name + len - 6, "_total") == 0;
    buffer_printf(out, "# TYPE countersign_%s %s\n", name, counts ? "counter" : "gauge");
    json_array_foreach (list, n, element) {
        const char *before = "{";
        buffer_printf(out, "countersign_%s", name);
        json_object_foreach (element, key, label)
            if (json_is_string(label)) {
                buffer_printf(out, "%s%s=\"%s\"", before, key, json_string_value(label));
                before = ",";
            }
        buffer_printf(out, "} %" PRId64 "\n", json_integer_of(element, "value", 0));
    }
}

/* Numbers out of the database, where it answers. */
static void write_database(struct call *call, struct buffer *out)
{
    AUTO(rows) struct rows *rows = NULL;
    bool fine = read_numbers(call, &rows);
    if (!fine) /* the connection was broken: the next call makes a new one */
        fine = read_numbers(call, &rows);
    write_gauge(out, "database_up", fine);
    if (!fine)
        return;
    AUTO(json) json_t *numbers = json_loads(rows_text(rows, 0, 0), 0, NULL);
    const char *key;
    json_t *value;
    json_object_foreach (numbers, key, value) {
        if (json_is_object(value))
            write_states(out, key, value);
        else if (json_is_array(value))
            write_labelled(out, key, value);
        else
            write_gauge(out, key, (int64_t)json_number_value(value));
    }
}

bool route_metrics(struct call *call, struct error *err)
{
    (void)err;
    const struct api *api = call->api;
    struct buffer *out = &call->reply->body;
    meters_write(api->meters, out);
    write_gauge(out, "http_connections", server_connections(api->server));
    write_gauge(out, "http_requests_under_way", server_busy(api->server));
    write_gauge(out, "http_queue", (int64_t)handlers_waiting(api->handlers));
    write_gauge(out, "polls_parked", parks_count(api->parks));
    write_gauge(out, "event_streams", streams_count(api->streams));
    write_gauge(out, "doorbell_dropped", (int64_t)doorbell_dropped(api->doorbell));
    room_write(&api->settings, out);
    write_database(call, out);
    call->reply->status = 200;
    call->reply->type = "text/plain; version=0.0.4";
    return true;
}
