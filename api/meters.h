/* Counters for /metrics. */
#pragma once

#include "common/base/bytes.h"

struct meters;

struct meters *meters_new(size_t count); /* of routes */
void meters_free(struct meters *meters);

/* `route`: its number in the table, or route_count for what found none. */
void meters_count(struct meters *meters, size_t route, int status, int64_t microseconds);
void meters_count_db_error(struct meters *meters);

/* Prometheus text of what was counted here. */
void meters_write(const struct meters *meters, struct buffer *out);
