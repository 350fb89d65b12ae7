#include "api/meters.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "api/http/router.h"

#define STATUS_SLOTS 32

/* Upper bounds of the latency histogram, in microseconds. */
static const int64_t bounds[] = {500,    1000,   2500,   5000,    10000,   25000,   50000,
                                 100000, 250000, 500000, 1000000, 2500000, 10000000};

struct route_meter {
    atomic_int_fast64_t status[STATUS_SLOTS];
    atomic_int_fast64_t buckets[COUNT_OF(bounds) + 1];
    atomic_int_fast64_t sum_us;
};

struct meters {
    size_t route_count;
    atomic_int_fast64_t db_errors;
    struct route_meter routes[];
};

static const int statuses[] = {
    200, 201, 204, 206, 304, 400, 401, 403, 404, 405, 409, 411,
    413, 414, 415, 417, 422, 429, 431, 500, 501, 503, 504, 0 /* anything else */};
static_assert(COUNT_OF(statuses) <= STATUS_SLOTS, "they fit");

struct meters *meters_new(size_t count)
{
    struct meters *meters = memory_new(1, sizeof *meters + (count + 1) * sizeof meters->routes[0]);
    meters->route_count = count;
    return meters;
}

void meters_free(struct meters *meters)
{
    free(meters);
}

void meters_count(struct meters *meters, size_t route, int status, int64_t microseconds)
{
    struct route_meter *meter = &meters->routes[route];
    size_t slot = 0;
    while (slot < COUNT_OF(statuses) - 1 && statuses[slot] != status)
        slot++;
    atomic_fetch_add(&meter->status[slot], 1);
    size_t bucket = 0;
    while (bucket < COUNT_OF(bounds) && microseconds > bounds[bucket])
        bucket++;
    atomic_fetch_add(&meter->buckets[bucket], 1);
    atomic_fetch_add(&meter->sum_us, microseconds);
}

void meters_count_db_error(struct meters *meters)
{
    atomic_fetch_add(&meters->db_errors, 1);
}

static const char *route_label(const struct meters *meters, size_t i)
{
    return i < meters->route_count ? route_table[i].path : "none";
}

static const char *method_label(const struct meters *meters, size_t i)
{
    return i < meters->route_count ? method_names[route_table[i].method] : "none";
}

static void write_statuses(const struct meters *meters, size_t i, struct buffer *out)
{
    for (size_t slot = 0; slot < COUNT_OF(statuses); slot++) {
        int64_t count = atomic_load(&meters->routes[i].status[slot]);
        if (count > 0)
            buffer_printf(out,
                          "countersign_http_requests_total{method=\"%s\",route=\"%s\","
                          "status=\"%d\"} %" PRId64 "\n",
                          method_label(meters, i), route_label(meters, i), statuses[slot], count);
    }
}

static void write_latency(const struct meters *meters, size_t i, struct buffer *out)
{
    static const char name[] = "countersign_http_request_seconds";
    const struct route_meter *meter = &meters->routes[i];
    const char *method = method_label(meters, i);
    const char *route = route_label(meters, i);
    int64_t total = 0;
    for (size_t b = 0; b <= COUNT_OF(bounds); b++)
        total += atomic_load(&meter->buckets[b]);
    if (total == 0)
        return;
    int64_t below = 0;
    for (size_t b = 0; b < COUNT_OF(bounds); b++) {
        below += atomic_load(&meter->buckets[b]);
        buffer_printf(out, "%s_bucket{method=\"%s\",route=\"%s\",le=\"%g\"} %" PRId64 "\n", name,
                      method, route, (double)bounds[b] / 1e6, below);
    }
    buffer_printf(out, "%s_bucket{method=\"%s\",route=\"%s\",le=\"+Inf\"} %" PRId64 "\n", name,
                  method, route, total);
    buffer_printf(out, "%s_sum{method=\"%s\",route=\"%s\"} %g\n", name, method, route,
                  (double)atomic_load(&meter->sum_us) / 1e6);
    buffer_printf(out, "%s_count{method=\"%s\",route=\"%s\"} %" PRId64 "\n", name, method, route,
                  total);
}

void meters_write(const struct meters *meters, struct buffer *out)
{
    buffer_add_text(out, "# TYPE countersign_http_requests_total counter\n");
    for (size_t i = 0; i <= meters->route_count; i++)
        write_statuses(meters, i, out);
    buffer_add_text(out, "# TYPE countersign_http_request_seconds histogram\n");
    for (size_t i = 0; i <= meters->route_count; i++)
        write_latency(meters, i, out);
    buffer_printf(out,
                  "# TYPE countersign_database_errors_total counter\n"
                  "countersign_database_errors_total %" PRId64 "\n",
                  (int64_t)atomic_load(&meters->db_errors));
}
